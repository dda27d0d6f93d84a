#include "services/normalizers.h"

#include <phonenumbers/phonenumberutil.h>
#include <unicode/idna.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/uloc.h>
#include <unicode/unistr.h>
#include <unicode/uscript.h>

#include <memory>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace recount::services {
namespace {

icu::UnicodeString FromUtf8(absl::string_view text) {
  return icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
}

bool IsAscii(absl::string_view text) {
  for (unsigned char c : text) {
    if (c >= 0x80) return false;
  }
  return true;
}

std::string FoldDomain(absl::string_view domain) {
  if (IsAscii(domain)) return absl::AsciiStrToLower(domain);
  UErrorCode error = U_ZERO_ERROR;
  static const icu::IDNA* const idna = icu::IDNA::createUTS46Instance(UIDNA_DEFAULT, error);
  if (idna == nullptr) return "";
  icu::UnicodeString ascii;
  icu::IDNAInfo info;
  idna->nameToASCII(FromUtf8(domain), ascii, info, error);
  std::string result;
  if (U_SUCCESS(error) && !info.hasErrors()) ascii.toUTF8String(result);
  return result;
}

// Marks after a letter of another script (й, Devanagari vowels) belong to the letter.
bool IsStrippedMark(UChar32 c, UScriptCode base) {
  if (u_charType(c) != U_NON_SPACING_MARK) return c == 0x0640;  // tatweel stretches a word, it is no letter
  return base == USCRIPT_LATIN || base == USCRIPT_HEBREW || base == USCRIPT_ARABIC;
}

icu::UnicodeString StripMarks(const icu::UnicodeString& decomposed) {
  icu::UnicodeString result;
  UScriptCode base = USCRIPT_COMMON;
  bool space = false;
  for (int32_t i = 0; i < decomposed.length(); i = decomposed.moveIndex32(i, 1)) {
    const UChar32 c = decomposed.char32At(i);
    UErrorCode error = U_ZERO_ERROR;
    if (u_charType(c) != U_NON_SPACING_MARK && c != 0x0640) base = uscript_getScript(c, &error);
    if (IsStrippedMark(c, base)) continue;
    if (u_isUWhiteSpace(c)) {
      space = !result.isEmpty();
      continue;
    }
    if (space) result.append(static_cast<UChar32>(' '));
    space = false;
    result.append(c);
  }
  return result;
}

// What FoldName() makes of ASCII, at a twentieth of the cost.
std::string FoldAsciiName(absl::string_view name) {
  std::string result;
  result.reserve(name.size());
  bool space = false;
  for (const char c : name) {
    if (absl::ascii_isspace(static_cast<unsigned char>(c))) {
      space = !result.empty();
      continue;
    }
    if (space) result.push_back(' ');
    space = false;
    result.push_back(absl::ascii_tolower(static_cast<unsigned char>(c)));
  }
  return result;
}

}  // namespace

bool IsRegion(absl::string_view region) {
  for (const char* const* country = uloc_getISOCountries(); *country != nullptr; ++country) {
    if (region == *country) return true;
  }
  return false;
}

std::string E164(absl::string_view raw, absl::string_view region) {
  using i18n::phonenumbers::PhoneNumberUtil;
  const PhoneNumberUtil* util = PhoneNumberUtil::GetInstance();
  i18n::phonenumbers::PhoneNumber number;
  const std::string default_region = region.empty() ? "ZZ" : std::string(region);
  if (util->Parse(std::string(raw), default_region, &number) != PhoneNumberUtil::NO_PARSING_ERROR) return "";
  if (!util->IsPossibleNumber(number)) return "";
  std::string result;
  util->Format(number, PhoneNumberUtil::E164, &result);
  return result;
}

std::string FoldEmail(absl::string_view raw) {
  const absl::string_view text = absl::StripAsciiWhitespace(raw);
  const size_t at = text.rfind('@');
  if (at == absl::string_view::npos || at == 0 || at + 1 == text.size()) return "";
  const std::string domain = FoldDomain(text.substr(at + 1));
  if (domain.empty()) return "";
  const absl::string_view local = text.substr(0, at);
  if (IsAscii(local)) return absl::StrCat(absl::AsciiStrToLower(local), "@", domain);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  icu::UnicodeString normal = U_SUCCESS(error) ? nfc->normalize(FromUtf8(local), error) : icu::UnicodeString();
  if (U_FAILURE(error)) return "";
  std::string result;
  normal.toLower(icu::Locale::getRoot()).toUTF8String(result);
  return absl::StrCat(result, "@", domain);
}

std::string FoldName(absl::string_view name) {
  if (IsAscii(name)) return FoldAsciiName(name);
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* fold = icu::Normalizer2::getNFKCCasefoldInstance(error);
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(error);
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  if (U_FAILURE(error)) return "";
  icu::UnicodeString folded = fold->normalize(FromUtf8(name), error);
  folded.findAndReplace(icu::UnicodeString(static_cast<UChar32>(0x0451)),
                        icu::UnicodeString(static_cast<UChar32>(0x0435)));
  const icu::UnicodeString stripped = StripMarks(nfd->normalize(folded, error));
  const icu::UnicodeString composed = nfc->normalize(stripped, error);
  std::string result;
  if (U_SUCCESS(error)) composed.toUTF8String(result);
  return result;
}

domain::Normalizers MakeNormalizers(std::string region) {
  domain::Normalizers result;
  result.version = kNormalizerVersion;
  result.phone = [region = std::move(region)](v1::Phone* phone) { phone->set_e164(E164(phone->raw(), region)); };
  result.email = [](v1::Email* email) { email->set_folded(FoldEmail(email->raw())); };
  result.name = [](v1::PersonName* name) { name->set_folded(FoldName(name->display())); };
  return result;
}

}  // namespace recount::services
