// What ldns reads otherwise than the standards have it, and how that is mended: a record's text on
// its way to ldns, and its rdata on the way back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/zone/ldns_ptr.h"

namespace dnsd::zone {

// The text of one record: OWNER [TTL] [CLASS] TYPE RDATA, without comments, parentheses and the
// line ends within them, with a blank in front if it has the owner of the one before.
class RecordText {
 public:
  explicit RecordText(std::string entry);

  // As ldns must be given it: the TTL before the class, which may stand in either order (RFC 1035
  // §5.1).
  const std::string& text() const { return text_; }
  // The TTL as written; empty if the record states none.
  std::string_view ttl() const;

  // Whether its type begins as a number does but is none, as TYPE1X and TYPE65536: ldns takes these
  // for other types.
  bool misnumbered() const { return misnumbered_; }

  // The rdata of the record that ldns made of text(). Nothing if it is none of the record's type.
  std::optional<std::vector<std::uint8_t>> Rdata(ldns_rr& record) const;

 private:
  struct Word {
    std::size_t at;
    std::size_t size;
  };
  void Split();
  // Which word is the first behind the owner name.
  std::size_t BehindOwner() const;
  void PutTtlFirst();
  // Which word is the type.
  std::size_t FindType() const;
  std::string_view word(std::size_t i) const {
    return std::string_view(text_).substr(words_[i].at, words_[i].size);
  }
  void ReadOpaque(std::size_t from, ldns_rr_type type);
  void HideAtLabels(std::size_t from, ldns_rr_type type);

  std::string text_;
  std::vector<Word> words_;
  bool misnumbered_ = false;
  // Of rdata in the form of RFC 3597: the outer is there if it has that form, the inner if it is
  // well formed.
  std::optional<std::optional<std::vector<std::uint8_t>>> opaque_;
  bool any_octets_ = false;             // it needs no check: ldns is not shown it
  std::vector<std::size_t> at_fields_;  // fields whose names begin with the label "@"
};

// Whether records of the type may stand in a zone (RFC 6895 §3.1): not 0, OPT and the types of
// questions.
bool IsDataType(unsigned type);

}  // namespace dnsd::zone
