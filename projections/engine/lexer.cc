#include "projections/engine/lexer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"

namespace recount::projections {
namespace {

constexpr size_t kMaxBytes = 4096;
constexpr int64_t kMaxNumber = 9000000000000000;

bool IsNameStart(char c) { return absl::ascii_isalpha(c) || c == '_' || static_cast<unsigned char>(c) >= 0x80; }
bool IsNamePart(char c) { return IsNameStart(c) || absl::ascii_isdigit(c); }

class Lexer {
 public:
  Lexer(absl::string_view text, Dialect dialect, absl::string_view place)
      : text_(text), dialect_(dialect), place_(place) {}

  absl::StatusOr<std::vector<Token>> All() {
    while (true) {
      const size_t before = at_;
      while (at_ < text_.size() && absl::ascii_isspace(text_[at_])) ++at_;
      Token token;
      token.at = at_;
      token.blank_before = at_ > before;
      if (at_ == text_.size()) {
        tokens_.push_back(token);
        return std::move(tokens_);
      }
      if (auto read = Read(&token); !read.ok()) return read;
      tokens_.push_back(std::move(token));
    }
  }

 private:
  absl::Status Read(Token* token) {
    const char c = text_[at_];
    if (absl::ascii_isdigit(c)) return IsDate() ? ReadDate(token) : ReadNumber(token);
    if (IsNameStart(c)) return ReadName(token);
    if (c == '"' || c == '\'') return ReadText(token);
    if (c == '$') {
      ++at_;
      token->kind = Token::Kind::kParameter;
      while (at_ < text_.size() && IsNamePart(text_[at_])) token->text += text_[at_++];
      if (token->text.empty()) return Error(token->at, "expected a parameter's name after `$`");
      return absl::OkStatus();
    }
    return ReadSymbol(token);
  }

  bool Digits(size_t from, size_t count) const {
    if (from + count > text_.size()) return false;
    for (size_t i = from; i < from + count; ++i) {
      if (!absl::ascii_isdigit(text_[i])) return false;
    }
    return true;
  }
  // 2018-01-01, with or without a time behind it: as good as quoted.
  bool IsDate() const {
    return Digits(at_, 4) && Digits(at_ + 5, 2) && Digits(at_ + 8, 2) && text_[at_ + 4] == '-' && text_[at_ + 7] == '-';
  }
  absl::Status ReadDate(Token* token) {
    token->kind = Token::Kind::kText;
    token->text = std::string(text_.substr(at_, 10));
    at_ += 10;
    if (at_ < text_.size() && text_[at_] == 'T') {
      while (at_ < text_.size() && (absl::ascii_isdigit(text_[at_]) || absl::StrContains("TZ:.+-", text_.substr(at_, 1)))) {
        token->text += text_[at_++];
      }
    }
    return absl::OkStatus();
  }

  absl::Status ReadNumber(Token* token) {
    token->kind = Token::Kind::kNumber;
    bool decimals = false;
    while (at_ < text_.size() && (absl::ascii_isdigit(text_[at_]) || (text_[at_] == '.' && !decimals))) {
      decimals = decimals || text_[at_] == '.';
      token->text += text_[at_++];
    }
    if (at_ < text_.size() && IsNamePart(text_[at_])) return Error(at_, "a number goes over into a name: put a blank between");
    const absl::string_view whole = absl::string_view(token->text).substr(0, token->text.find('.'));
    if (!absl::SimpleAtoi(whole, &token->number) || token->number > kMaxNumber) {
      return Error(token->at, "the number is too large");
    }
    if (token->text.size() - whole.size() > 10) return Error(token->at, "more than 9 decimals");
    return absl::OkStatus();
  }

  absl::Status ReadName(Token* token) {
    token->kind = Token::Kind::kName;
    while (at_ < text_.size() && (IsNamePart(text_[at_]) || (text_[at_] == '.' && IsPartOfName(at_ + 1)) ||
                                  (text_[at_] == '-' && IsCustomField(token->text) && IsPartOfName(at_ + 1)))) {
      token->text += text_[at_++];
    }
    return absl::OkStatus();
  }
  bool IsPartOfName(size_t at) const { return at < text_.size() && IsNamePart(text_[at]); }
  // Ids of custom fields may hold a minus.
  static bool IsCustomField(absl::string_view name) {
    return absl::StartsWith(name, "field.") || absl::StrContains(name, ".field.");
  }

  absl::Status ReadText(Token* token) {
    token->kind = Token::Kind::kText;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      token->text += text_[at_++];
    }
    if (at_ == text_.size()) return Error(token->at, absl::StrCat("the text has no closing ", std::string(1, quote)));
    ++at_;
    return absl::OkStatus();
  }

  absl::Status ReadSymbol(Token* token) {
    token->kind = Token::Kind::kSymbol;
    for (absl::string_view symbol : {"==", "!=", "<=", ">=", "&&", "||", "=", "<", ">", "!", "(", ")", "[", "]", ",", "+",
                                     "-", "*", ":"}) {
      if (!absl::StartsWith(text_.substr(at_), symbol)) continue;
      token->text = std::string(symbol);
      at_ += symbol.size();
      return absl::OkStatus();
    }
    return Error(at_, absl::StrCat("`", text_.substr(at_, 1), "` means nothing here"));
  }

  absl::Status Error(size_t at, absl::string_view message) const { return SyntaxError(dialect_, at, message, place_); }

  absl::string_view text_;
  Dialect dialect_;
  absl::string_view place_;
  size_t at_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

absl::StatusOr<std::vector<Token>> Tokenize(absl::string_view text, Dialect dialect, absl::string_view place) {
  if (text.size() > kMaxBytes) {
    return SyntaxError(dialect, kMaxBytes, absl::StrCat("longer than ", kMaxBytes, " bytes"), place);
  }
  return Lexer(text, dialect, place).All();
}

absl::Status SyntaxError(Dialect dialect, size_t at, absl::string_view message, absl::string_view place) {
  const auto reason = dialect == Dialect::kFilter ? v1::FILTER_INVALID : v1::DEFINITION_INVALID;
  const std::string position = absl::StrCat(at + 1);
  const std::string where = place.empty() ? "filter" : std::string(place);
  return domain::Refuse(reason, absl::StrCat(where, ", character ", position, ": ", message), where,
                        {{"position", position}, {"place", where}});
}

}  // namespace recount::projections
