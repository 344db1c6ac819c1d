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

// `octets` as so many words, zeros behind them.
template <std::size_t kWords>
std::array<std::uint64_t, kWords> Words(std::span<const std::uint8_t> octets) {
  std::array<std::uint64_t, kWords> words{};
  std::memcpy(words.data(), octets.data(), std::min(octets.size(), sizeof words));
  return words;
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

  std::uint64_t hash = 0;                 // the owner's alone
  std::uint32_t heat = 0;                 // likewise; 0: free
  std::atomic<std::uint32_t> version{0};  // odd while the row is given to another site
  std::atomic<std::uint32_t> size{0};     // of the name in octets; 0: no site yet
  std::array<Word, kNameWords> name{};
  Word answers{0};
  std::array<Member, kMembers> members{};

  bool Is(std::uint64_t its_hash, std::span<const std::uint8_t> its_name) const {
    if (heat == 0 || hash != its_hash || size.load(std::memory_order_relaxed) != its_name.size()) {
      return false;
    }
    const auto words = Words<kNameWords>(its_name);
    for (std::size_t i = 0; 8 * i < its_name.size(); ++i) {
      if (name[i].load(std::memory_order_relaxed) != words[i]) return false;
    }
    return true;
  }

  void GiveTo(std::uint64_t its_hash, std::span<const std::uint8_t> its_name) {
    const std::uint32_t even = version.load(std::memory_order_relaxed);
    version.store(even + 1, std::memory_order_relaxed);
    hash = its_hash;
    size.store(static_cast<std::uint32_t>(its_name.size()), std::memory_order_release);
    const auto words = Words<kNameWords>(its_name);
    for (std::size_t i = 0; 8 * i < its_name.size(); ++i) {
      name[i].store(words[i], std::memory_order_release);
    }
    answers.store(0, std::memory_order_release);
    for (Member& member : members) {
      member.size.store(0, std::memory_order_release);
      member.answers.store(0, std::memory_order_release);
    }
    version.store(even + 2, std::memory_order_release);
  }
};

SiteTally::SiteTally() : rows_(std::make_unique<Row[]>(kRows)) {}
SiteTally::~SiteTally() = default;

SiteTally::Row* SiteTally::Add(std::uint64_t hash, std::span<const std::uint8_t> name,
                               std::uint32_t weight) {
  // The low bits choose the slots of other tables by the same hash.
  Row* const set = &rows_[(hash >> 32) % kSets * kWays];
  Row* row = std::find_if(set, set + kWays, [&](const Row& r) { return r.Is(hash, name); });
  if (row == set + kWays) {
    row = std::min_element(set, set + kWays,
                           [](const Row& a, const Row& b) { return a.heat < b.heat; });
    if (row->heat > weight) {
      row->heat -= weight;
      return nullptr;
    }
    row->GiveTo(hash, name);
    row->heat = 0;
  }
  row->heat = std::min(row->heat + weight, kMostHeat);
  AddTo(row->answers, weight);
  return row;
}

void SiteTally::AddMember(Row& row, std::span<const std::uint8_t> address, std::uint32_t weight) {
  const auto words = Words<2>(address);
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
