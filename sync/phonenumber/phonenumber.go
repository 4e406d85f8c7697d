// Package phonenumber reads phone numbers as people write them.
package phonenumber

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	dirsync "duosync/sync"
)

// ValidRegion reports whether numbers without a country code can be taken for ones
// of a region: two letters of ISO 3166-1, in any case, such as US.
func ValidRegion(region string) bool {
	return phonenumbers.GetSupportedRegions()[strings.ToUpper(region)]
}

// mostPhone is the longest value, in bytes, that may be a phone number.
const mostPhone = 100

// What may stand between digits: blanks, the visual separators of RFC 3966 (3), and
// other dashes. What nobody sees was left out before.
const betweenDigits = `\s.()\[\]/\-\x{2010}-\x{2015}\x{2212}\x{FF08}\x{FF09}\x{FF0D}\x{FF0E}`

var (
	phoneExtension = regexp.MustCompile(`(?is)^(.+?)[\s,;(]*(?:;\s*ext|ext(?:n|ension)?|x|#)[\s.:=-]*([0-9]{1,11})[\s)#]*$`)
	phoneNumber    = regexp.MustCompile(`^[` + betweenDigits + `]*([+＋]?)([` + betweenDigits + `\p{Nd}]+)$`)
	trunkZero      = regexp.MustCompile(`\(\s*0\s*\)`)
	e164           = regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
)

// Parse reads a phone number as people write it. It gives the number in the
// form of E.164, which is Duo's (POST /admin/v1/phones), and the digits of its
// extension, if it has one. 00 in front means +, and a number that has neither is
// one of the region: two letters of ISO 3166-1, in any case.
//
// A number of a length that its country knows passes, in use or not: numbering
// plans change, and Duo is to judge. An error's text follows on the name of what was
// read, as in: a phone "is no phone number and was left out: …".
func Parse(raw, region string) (number, extension string, err error) {
	if !utf8.ValidString(raw) {
		return "", "", errors.New("is not UTF-8 text and was left out")
	}
	text := strings.TrimSpace(dirsync.Visible(raw)) // marks come along when a number is copied
	if scheme := "tel:"; len(text) >= len(scheme) && strings.EqualFold(text[:len(scheme)], scheme) {
		text = strings.TrimSpace(text[len(scheme):])
	}
	if parts := phoneExtension.FindStringSubmatch(text); parts != nil {
		text, extension = parts[1], parts[2]
	}
	fault := errNoNumber
	if len(text) <= mostPhone {
		number, fault = international(text, strings.ToUpper(region))
	}
	if fault != nil {
		return "", "", fmt.Errorf("is %w and was left out: %s", fault, dirsync.Quote(raw))
	}
	return number, extension, nil
}

var (
	errNoNumber  = errors.New("no phone number")
	errNoCountry = errors.New("no phone number of any country")
	errTooShort  = errors.New("too short for a phone number")
	errTooLong   = errors.New("too long for a phone number")
)

// international gives a number in the form of E.164, or tells what it is instead.
// Of several ways to read it, the first counts that gives a number in use, else the
// first that gives one of a length that there is.
func international(text, region string) (number string, fault error) {
	all := readings(text, region)
	for _, r := range all {
		possible, err := r.number()
		switch {
		case err != nil:
			fault = cmp.Or(fault, err)
		case len(all) > 1 && inUse(possible):
			return possible, nil
		case number == "" && !r.unsure:
			number = possible
		}
	}
	if number != "" {
		return number, nil
	}
	return "", cmp.Or(fault, errNoNumber)
}

// inUse reports whether a number in the form of E.164 is of a range that is used.
func inUse(number string) bool {
	parsed, err := phonenumbers.Parse(number, "")
	return err == nil && phonenumbers.IsValidNumber(parsed)
}

// reading is one way to read a phone number.
type reading struct {
	digits string // with a + before a country code
	region string // that the number is of where there is no +
	unsure bool   // it counts for a number in use only
}

func readings(text, region string) []reading {
	texts := []string{text}
	if without := trunkZero.ReplaceAllString(text, ""); without != text { // +44 (0)20 …
		texts = append(texts, without)
	}
	var all []reading
	for _, text := range texts {
		parts := phoneNumber.FindStringSubmatch(text)
		if parts == nil {
			continue
		}
		digits := phonenumbers.NormalizeDigitsOnly(parts[2])
		rest, zeros := strings.CutPrefix(digits, "00")
		switch {
		case parts[1] != "":
			all = append(all, reading{digits: "+" + digits})
		case zeros: // which some countries dial before the country code, and others before their own numbers
			all = append(all, reading{digits: "+" + rest}, reading{digits: digits, region: region, unsure: true})
		default:
			all = append(all, reading{digits: digits, region: region})
		}
	}
	return all
}

// number gives the number in the form of E.164, if it is as long as one can be.
func (r reading) number() (string, error) {
	parsed, err := phonenumbers.Parse(r.digits, r.region)
	switch {
	case errors.Is(err, phonenumbers.ErrInvalidCountryCode):
		return "", errNoCountry
	case errors.Is(err, phonenumbers.ErrTooShortNSN):
		return "", errTooShort
	case errors.Is(err, phonenumbers.ErrNumTooLong):
		return "", errTooLong
	case err != nil:
		return "", errNoNumber
	}
	switch phonenumbers.IsPossibleNumberWithReason(parsed) {
	case phonenumbers.IS_POSSIBLE:
	case phonenumbers.TOO_SHORT, phonenumbers.IS_POSSIBLE_LOCAL_ONLY: // local: without its area code
		return "", errTooShort
	case phonenumbers.TOO_LONG:
		return "", errTooLong
	default:
		return "", errNoNumber
	}
	number := phonenumbers.Format(parsed, phonenumbers.E164)
	if !e164.MatchString(number) {
		return "", errTooShort
	}
	// A second 0 for the trunk line may be left, which a reader would take off.
	if again, err := phonenumbers.Parse(number, ""); err != nil || phonenumbers.Format(again, phonenumbers.E164) != number {
		return "", errNoNumber
	}
	return number, nil
}
