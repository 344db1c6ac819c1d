#include "dnsd/answer/site_tally.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>

namespace dnsd::answer {
namespace {

constexpr std::uint32_t kMostHeat = 4096;  // a site that is asked for no more cools in bounded time

using Word = std::atomic<std::uint64_t>;

void AddTo(Word& word, std::uint64_t n) {
  word.store(word.load(std::memory_order_relaxed) + n, std::memory_order_release);
}

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

// What others read is stored with release and loaded with acquire: whoever sees a word of another
// site sees as well that `version` has changed before it.
struct SiteTally::Row {
  struct Member {
    std::atomic<std::uint8_t> size{0};  // of the address in octets; 0: free
    std::array<Word, 2> address{};
    Word answers{0};
  };
  static constexpr std::size_t kNameWords = 32;  // the longest name

  std::atomic<std::uint32_t> version{0};  // odd while the row is given to another site
  std::atomic<std::uint32_t> size{0};     // of the name in octets; 0: no site yet
  std::array<Word, kNameWords> name{};
  Word answers{0};
  std::array<Member, kMembers> members{};

  bool Is(std::span<const std::uint8_t> its_name) const {
    bool same = size.load(std::memory_order_relaxed) == its_name.size();
    ForEachWord(its_name, [&](std::size_t i, std::uint64_t word) {
      same = same && name[i].load(std::memory_order_relaxed) == word;
    });
    return same;
  }

  void GiveTo(std::span<const std::uint8_t> its_name) {
    const std::uint32_t even = version.load(std::memory_order_relaxed);
    version.store(even + 1, std::memory_order_relaxed);
    size.store(static_cast<std::uint32_t>(its_name.size()), std::memory_order_release);
    ForEachWord(its_name, [&](std::size_t i, std::uint64_t word) {
      name[i].store(word, std::memory_order_release);
    });
    answers.store(0, std::memory_order_release);
    for (Member& member : members) {
      member.size.store(0, std::memory_order_release);
      member.answers.store(0, std::memory_order_release);
    }
    version.store(even + 2, std::memory_order_release);
  }
};

// What a search of the set reads, apart from the rows: the owner's alone.
struct SiteTally::Set {
  std::array<std::uint64_t, kWays> hash{};
  std::array<std::uint32_t, kWays> heat{};  // 0: free
};

SiteTally::SiteTally()
    : sets_(std::make_unique<Set[]>(kSets)), rows_(std::make_unique<Row[]>(kRows)) {}
SiteTally::~SiteTally() = default;

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

void SiteTally::AddMember(Row& row, std::span<const std::uint8_t> address, std::uint32_t weight) {
  std::array<std::uint64_t, 2> words{};
  ForEachWord(address, [&](std::size_t i, std::uint64_t word) { words[i] = word; });
  for (Row::Member& member : row.members) {
    const std::size_t size = member.size.load(std::memory_order_relaxed);
    if (size == 0) {
      for (std::size_t i = 0; i < 2; ++i) {
        member.address[i].store(words[i], std::memory_order_release);
      }
      member.size.store(static_cast<std::uint8_t>(address.size()), std::memory_order_release);
    } else if (size != address.size() ||
               member.address[0].load(std::memory_order_relaxed) != words[0] ||
               member.address[1].load(std::memory_order_relaxed) != words[1]) {
      continue;
    }
    AddTo(member.answers, weight);
    return;
  }
}

bool SiteTally::Read(std::size_t row, SiteRow& out) const {
  const Row& from = rows_[row];
  out.version = from.version.load(std::memory_order_acquire);
  const std::size_t size = from.size.load(std::memory_order_acquire);
  if (out.version % 2 != 0 || size == 0) return false;
  std::array<std::uint64_t, Row::kNameWords> words{};
  for (std::size_t i = 0; 8 * i < size; ++i)
    words[i] = from.name[i].load(std::memory_order_acquire);
  out.name.assign(reinterpret_cast<const char*>(words.data()), size);
  out.answers = from.answers.load(std::memory_order_acquire);
  out.members.clear();
  for (const Row::Member& member : from.members) {
    std::uint64_t address[2];
    const std::size_t octets = member.size.load(std::memory_order_acquire);
    if (octets == 0) break;
    for (std::size_t i = 0; i < 2; ++i)
      address[i] = member.address[i].load(std::memory_order_acquire);
    const auto parsed =
        IpAddress::FromOctets({reinterpret_cast<const std::uint8_t*>(address), octets});
    if (parsed) {
      out.members.push_back({*parsed, member.answers.load(std::memory_order_acquire)});
    }
  }
  return from.version.load(std::memory_order_relaxed) == out.version;
}

}  // namespace dnsd::answer
