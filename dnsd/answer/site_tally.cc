#include "dnsd/answer/site_tally.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

namespace dnsd::answer {
namespace {

constexpr std::uint32_t kMostHeat = 4096;  // a site that is asked for no more cools in bounded time

using Word = std::uint64_t;  // one thread writes, others read: by the three below alone

Word Get(Word& word, std::memory_order order = std::memory_order_relaxed) {
  return std::atomic_ref(word).load(order);
}
Word Load(Word& word) { return Get(word, std::memory_order_acquire); }
void Put(Word& word, Word value, std::memory_order order = std::memory_order_release) {
  std::atomic_ref(word).store(value, order);
}

void AddTo(Word& word, std::uint64_t n) { Put(word, Get(word) + n); }

// Calls `visit` with each word of `octets` and its number; zeros stand behind the last octet.
template <typename Visit>
void ForEachWord(std::span<const std::uint8_t> octets, Visit visit) {
  for (std::size_t i = 0; 8 * i < octets.size(); ++i) {
    std::uint64_t word = 0;
    std::memcpy(&word, octets.data() + 8 * i, std::min<std::size_t>(8, octets.size() - 8 * i));
    visit(i, word);
  }
}

}  // namespace

// All zero, as calloc has it, until it is given to a site. What others read is stored with release
// and loaded with acquire: whoever sees a word of another site sees as well that `version` has
// changed before it.
struct SiteTally::Row {
  // Members of one address family, each at its place or the next one free.
  template <std::size_t kWords>
  struct Members {
    Word address[kMembers][kWords];
    Word answers[kMembers];  // 0: free

    // False if there is no room.
    bool Add(std::size_t place, const std::array<Word, 2>& its_address, std::uint32_t weight) {
      for (std::size_t i = 0; i < kMembers; ++i) {
        const std::size_t slot = (place + i) % kMembers;
        bool same = true;
        if (Get(answers[slot]) == 0) {
          for (std::size_t w = 0; w < kWords; ++w) Put(address[slot][w], its_address[w]);
        } else {
          for (std::size_t w = 0; w < kWords; ++w) {
            same = same && Get(address[slot][w]) == its_address[w];
          }
        }
        if (!same) continue;
        AddTo(answers[slot], weight);
        return true;
      }
      return false;
    }

    void AppendTo(std::vector<SiteRow::Member>& out) {
      constexpr std::size_t kOctets = kWords == 1 ? 4 : 16;
      for (std::size_t slot = 0; slot < kMembers; ++slot) {
        const std::uint64_t count = Load(answers[slot]);
        if (count == 0) continue;
        Word words[kWords];
        for (std::size_t w = 0; w < kWords; ++w) words[w] = Load(address[slot][w]);
        const auto* const octets = reinterpret_cast<const std::uint8_t*>(words);
        out.push_back({*IpAddress::FromOctets({octets, kOctets}), count});
      }
    }
  };
  static constexpr std::size_t kNameWords = 32;  // the longest name

  Word version;  // odd while the row is given to another site
  Word size;     // of the name in octets; 0: no site yet
  Word name[kNameWords];
  Word answers;
  Word other_members;
  Members<1> four;  // octets each
  Members<2> sixteen;

  bool Is(std::span<const std::uint8_t> its_name) {
    bool same = Get(size) == its_name.size();
    ForEachWord(its_name, [&](std::size_t i, Word word) { same = same && Get(name[i]) == word; });
    return same;
  }

  void GiveTo(std::span<const std::uint8_t> its_name) {
    const Word even = Get(version);
    Put(version, even + 1, std::memory_order_relaxed);
    Put(size, its_name.size());
    ForEachWord(its_name, [&](std::size_t i, Word word) { Put(name[i], word); });
    Put(answers, 0);
    Put(other_members, 0);
    for (Word& count : four.answers) Put(count, 0);
    for (Word& count : sixteen.answers) Put(count, 0);
    Put(version, even + 2);
  }
};

// What a search of the set reads, apart from the rows: the owner's alone.
struct SiteTally::Set {
  std::array<std::uint64_t, kWays> hash{};
  std::array<std::uint32_t, kWays> heat{};  // 0: free
};

SiteTally::SiteTally()
    : sets_(std::make_unique<Set[]>(kSets)),
      rows_(static_cast<Row*>(std::calloc(kRows, sizeof(Row)))) {
  if (rows_ == nullptr) throw std::bad_alloc();  // as `new` has it
}
SiteTally::~SiteTally() = default;
void SiteTally::Free::operator()(Row* rows) const { std::free(rows); }

SiteTally::Row* SiteTally::Add(std::uint64_t hash, std::span<const std::uint8_t> name,
                               std::uint32_t weight) {
  // The low bits choose the slots of other tables by the same hash.
  const std::size_t number = (hash >> 32) % kSets;
  Set& set = sets_[number];
  Row* const rows = &rows_[number * kWays];
  std::size_t way = 0;
  while (way < kWays && !(set.heat[way] > 0 && set.hash[way] == hash && rows[way].Is(name))) ++way;
  if (way == kWays) {
    const auto coldest = std::min_element(set.heat.begin(), set.heat.end());
    if (*coldest > weight) {
      *coldest -= weight;
      return nullptr;
    }
    way = static_cast<std::size_t>(coldest - set.heat.begin());
    rows[way].GiveTo(name);
    set.hash[way] = hash;
    set.heat[way] = 0;
  }
  set.heat[way] = std::min(set.heat[way] + weight, kMostHeat);
  AddTo(rows[way].answers, weight);
  return &rows[way];
}

void SiteTally::AddMember(Row& row, std::size_t place, std::span<const std::uint8_t> address,
                          std::uint32_t weight) {
  std::array<Word, 2> words{};
  ForEachWord(address, [&](std::size_t i, Word word) { words[i] = word; });
  const bool counted = address.size() == 4 ? row.four.Add(place, words, weight)
                                           : row.sixteen.Add(place, words, weight);
  if (!counted) AddTo(row.other_members, weight);
}

bool SiteTally::Read(std::size_t row, SiteRow& out) const {
  Row& from = rows_[row];
  out.version = Load(from.version);
  const std::size_t size = Load(from.size);
  if (out.version % 2 != 0 || size == 0) return false;
  std::array<Word, Row::kNameWords> words{};
  for (std::size_t i = 0; 8 * i < size; ++i) words[i] = Load(from.name[i]);
  out.name.assign(reinterpret_cast<const char*>(words.data()), size);
  out.answers = Load(from.answers);
  out.members.clear();
  from.four.AppendTo(out.members);
  from.sixteen.AppendTo(out.members);
  out.other_members = Load(from.other_members);
  return Get(from.version) == out.version;
}

}  // namespace dnsd::answer
