package phonenumber_test

import (
	"regexp"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/phonenumber"
)

func TestParsePhone(t *testing.T) {
	for _, c := range []struct{ raw, region, want string }{
		{"+1 555 123 4567", "US", "+15551234567"},
		{"(212) 555-0123", "US", "+12125550123"},
		{"212.555.0123", "us", "+12125550123"},
		{"1-212-555-0123", "US", "+12125550123"},
		{"tel:+1-212-555-0123", "DE", "+12125550123"},
		{"TEL: 212-555-0123;ext=7", "US", "+12125550123;ext=7"},
		{"  +49 89 1234567\n", "US", "+49891234567"},
		{"(+49) 89/1234567", "US", "+49891234567"},
		{"[+49] 89 – 123 – 4567", "US", "+49891234567"},
		{"089 1234567", "DE", "+49891234567"},
		{"+49 (0)89 1234567", "US", "+49891234567"},
		{"+44(0)20 7946 0958", "US", "+442079460958"},
		{"0044 (0)20 7946 0958", "US", "+442079460958"},
		{"0044 20 7946 0958", "US", "+442079460958"},
		{"00 44 20 7946 0958", "DE", "+442079460958"},
		{"011 44 20 7946 0958", "US", "+442079460958"},
		{"0011 44 20 7946 0958", "AU", "+442079460958"},
		{"0049 89 1234567", "", "+49891234567"},
		{"+39 06 1234 5678", "US", "+390612345678"},
		{"+39 (0)6 1234 5678", "US", "+390612345678"},
		{"+39 (0)332 123456", "US", "+390332123456"},
		{"+351 (0)21 123 4567", "US", "+351211234567"},
		{"+48 (0)22 123 45 67", "US", "+48221234567"},
		{"+34 (0) 91 123 45 67", "US", "+34911234567"},
		{"+1 212 555 0123 ext. 12", "US", "+12125550123;ext=12"},
		{"212 555 0123 Extension: 0012", "US", "+12125550123;ext=0012"},
		{"212-555-0123x99", "US", "+12125550123;ext=99"},
		{"212-555-0123 #12", "US", "+12125550123;ext=12"},
		{"212-555-0123, x 12", "US", "+12125550123;ext=12"},
		{"212-555-0123 (extn 12)", "US", "+12125550123;ext=12"},
		{"212-555-0123ext12", "US", "+12125550123;ext=12"},
		{"\u202a+1 (212) 555\u20110123\u202c", "US", "+12125550123"},
		{"+1 (212) 555\U000E0061-0123", "US", "+12125550123"}, // a tag
		{"+1 212\u3164555\u034f0123", "US", "+12125550123"},   // a filler, a grapheme joiner
		{"+1\u2800212\ufe0f555\u206a0123", "US", "+12125550123"},
		{"＋１ ２１２ ５５５ ０１２３", "DE", "+12125550123"},
		{"+1\u00a0212\u00a0555\u00a00123", "DE", "+12125550123"},
		{"+1 999 999 9999", "US", "+19999999999"},      // not in use, and of the right length
		{"+49 15550 1234567", "US", "+49155501234567"}, // a new range
		{"+800 1234 5678", "US", "+80012345678"},       // of no country
	} {
		number, extension, err := phonenumber.Parse(c.raw, c.region)
		if got := dirsync.PhoneText(number, extension); err != nil || got != c.want {
			t.Errorf("ParsePhone(%q, %q) = %q, %v; want %q", c.raw, c.region, got, err, c.want)
		}
	}
}

func TestParsePhoneRefuses(t *testing.T) {
	for _, c := range []struct{ raw, region, want string }{
		{"", "US", `is no phone number and was left out: ""`},
		{"n/a", "US", `is no phone number and was left out: "n/a"`},
		{"-", "US", `is no phone number and was left out: "-"`},
		{"12", "US", `is too short for a phone number and was left out: "12"`},
		{"555-0123", "US", `is too short for a phone number and was left out: "555-0123"`},
		{"x12", "US", `is no phone number and was left out: "x12"`},
		{"1-800-FLOWERS", "US", `is no phone number and was left out: "1-800-FLOWERS"`},
		{"call 212-555-0123", "US", `is no phone number and was left out: "call 212-555-0123"`},
		{"212-555-0123 / 212-555-0124", "US", `is too long for a phone number and was left out: "212-555-0123 / 212-555-0124"`},
		{"212-555-0123+1", "US", `is no phone number and was left out: "212-555-0123+1"`},
		{"++1 212 555 0123", "US", `is no phone number and was left out: "++1 212 555 0123"`},
		{"212 555 0123", "", `is no phone number of any country and was left out: "212 555 0123"`},
		{"212 555 0123", "XX", `is no phone number of any country and was left out: "212 555 0123"`},
		{"+999 123 456 789", "US", `is no phone number of any country and was left out: "+999 123 456 789"`},
		{"0047221234", "US", `is no phone number and was left out: "0047221234"`},
		{"+44 00 20 7946 095", "US", `is no phone number and was left out: "+44 00 20 7946 095"`},
		{"212-555-0123 ext 123456789012", "US", `is no phone number and was left out: "212-555-0123 ext 123456789012"`},
		{"212-555-0123\x00", "US", `is no phone number and was left out: "212-555-0123\x00"`},
		{"\xff212-555-0123", "US", `is not UTF-8 text and was left out`},
		{strings.Repeat("1 ", 60), "US", `is no phone number and was left out: "` + strings.Repeat("1 ", 30) + `"… (120 characters)`},
		{"mail@example.org", "US", `is no phone number and was left out: "mail@example.org"`},
		{"tel:7042;phone-context=example.com", "US", `is no phone number and was left out: "tel:7042;phone-context=example.com"`},
	} {
		number, extension, err := phonenumber.Parse(c.raw, c.region)
		if err == nil || number != "" || extension != "" {
			t.Errorf("ParsePhone(%q, %q) = %q, %q, %v", c.raw, c.region, number, extension, err)
		} else if err.Error() != c.want {
			t.Errorf("ParsePhone(%q, %q): %v\nwant %s", c.raw, c.region, err, c.want)
		}
	}
}

func TestValidRegion(t *testing.T) {
	for region, want := range map[string]bool{"US": true, "us": true, "DE": true, "": false, "XX": false, "USA": false, "001": false, "ZZ": false, "UK": false} {
		if got := phonenumber.ValidRegion(region); got != want {
			t.Errorf("ValidRegion(%q) = %v", region, got)
		}
	}
}

// FuzzParsePhone holds that what comes out of any text is a number that reads back
// as the same, whatever the region.
func FuzzParsePhone(f *testing.F) {
	for _, raw := range []string{
		"+1 212 555 0123 ext. 12", "0044 (0)20 7946 0958", "tel:+1-212-555-0123;ext=7", "(0)(0)5", "n/a", "＋１２", "+39 06 1", "+800 1234 5678",
		"+44 00 20 7946 095", "+54 9 11 1234 5678", "+52 1 55 1234 5678", "+5511912345678", "00011 5", "x99", "\u202a+1\u202c",
	} {
		for _, region := range []string{"US", "DE", "IT", ""} {
			f.Add(raw, region)
		}
	}
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	digits := regexp.MustCompile(`^[0-9]{0,11}$`)
	f.Fuzz(func(t *testing.T, raw, region string) {
		number, ext, err := phonenumber.Parse(raw, region)
		if err != nil {
			if number != "" || ext != "" {
				t.Fatalf("%q, %q beside %v", number, ext, err)
			}
			return
		}
		if !e164.MatchString(number) || !digits.MatchString(ext) {
			t.Fatalf("ParsePhone(%q, %q) = %q, %q", raw, region, number, ext)
		}
		for _, region := range []string{region, "", "US"} {
			again, extAgain, err := phonenumber.Parse(dirsync.PhoneText(number, ext), region)
			if err != nil || again != number || extAgain != ext {
				t.Fatalf("ParsePhone(%q, %q) = %q, %q, and that reads back as %q, %q, %v", raw, region, number, ext, again, extAgain, err)
			}
		}
	})
}
