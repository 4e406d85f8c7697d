package moment

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

func utc(text string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		panic(err)
	}
	return at
}

func TestRead(t *testing.T) {
	t.Parallel()
	never, bad := Never(), time.Time{}
	noon := utc("2026-03-31T12:00:00Z")
	tests := []struct {
		attribute, value string
		want             time.Time
	}{
		{"accountExpires", "0", never},
		{"accountExpires", "9223372036854775807", never},
		{"accountExpires", "9223372036854775806", never}, // year 30828
		{"ACCOUNTEXPIRES", " 134194320000000000 ", noon},
		{"accountExpires", "134194320005000000", noon.Add(500 * time.Millisecond)},
		{"accountExpires", "116444736000000000", time.Unix(0, 0)},
		{"accountExpires", "2650467743999999999", never}, // the last moment of 9999
		{"accountExpires", "9223372032559808511", never},
		{"accountExpires", "1", bad}, // in 1601
		{"accountExpires", "20260331", bad},
		{"accountExpires", "20260331120000", bad},
		{"accountExpires", "20260331120000000", bad}, // in 1665
		{"accountExpires", "1774958400", bad},        // seconds
		{"accountExpires", "1774958400000", bad},     // milliseconds
		{"accountExpires", "-1", bad},
		{"accountExpires", "20260331120000Z", bad},
		{"accountExpires", "9223372036854775808", bad},

		{"krbPrincipalExpiration", "20260331120000Z", noon},
		{"krbPrincipalExpiration", "19700101000000Z", never},
		{"krbPrincipalExpiration", "20380119031407Z", utc("2038-01-19T03:14:07Z")},
		{"krbPrincipalExpiration", "21060207062815Z", utc("2106-02-07T06:28:15Z")},
		{"krbPrincipalExpiration", "99991231235959Z", utc("9999-12-31T23:59:59Z")},
		{"pwdEndTime", "19700101000000Z", time.Unix(0, 0)},
		{"pwdEndTime", "", never},
		{"pwdEndTime", "never", bad},
		{"pwdEndTime", "134194320000000000", bad},
		{"pwdEndTime;x-a", "2026033112Z", noon},
		{"pwdStartTime", "202603311200Z", noon},
		{"loginExpirationTime", "20260331140000+0200", noon},
		{"loginExpirationTime", "20260331140000+02", noon},
		{"loginExpirationTime", "20260331063000-0530", noon},
		{"krb5ValidEnd", "20260331120000.250Z", noon.Add(250 * time.Millisecond)},
		{"krb5ValidEnd", "20260331120000,5Z", noon.Add(500 * time.Millisecond)},
		{"krb5ValidEnd", "2026033111.5Z", noon.Add(-30 * time.Minute)}, // of the hour
		{"krb5ValidEnd", "202603311159.25Z", noon.Add(-45 * time.Second)},
		{"krb5ValidEnd", "20260331115960Z", noon}, // a leap second
		{"krb5ValidEnd", "20260331120000.99999999999999Z", noon.Add(999999999)},
		{"pwdEndTime", "20260331120000", bad}, // of which zone?
		{"pwdEndTime", "20260331120000z", bad},
		{"pwdEndTime", "20260229000000Z", bad},
		{"pwdEndTime", "20261301000000Z", bad},
		{"pwdEndTime", "20260331240000Z", bad},
		{"pwdEndTime", "20260331126000Z", bad},
		{"pwdEndTime", "20260331120061Z", bad},
		{"pwdEndTime", "20260331120000.Z", bad},
		{"pwdEndTime", "20260331120000+2400", bad},
		{"pwdEndTime", "99991231235959-0001", bad}, // in the year 10000
		{"pwdEndTime", "00000101000000+0001", bad},
		{"pwdEndTime", "20260331120000Z more", bad},

		{"shadowExpire", "20543", utc("2026-03-31T00:00:00Z")},
		{"shadowExpire", "1", utc("1970-01-02T00:00:00Z")},
		{"shadowExpire", "", never},
		{"shadowExpire", " ", never},
		{"shadowExpire", "-1", never},
		{"shadowExpire", "0", bad}, // shadow(5): never, or 1970
		{"shadowExpire", "-2", bad},
		{"shadowExpire", "99999", utc("2243-10-16T00:00:00Z")},
		{"shadowExpire", "99999999", bad},   // no such year
		{"shadowExpire", "20260101", bad},   // a date
		{"shadowExpire", "260101", bad},     // the same: year 2682
		{"shadowExpire", "1774958400", bad}, // seconds
		{"shadowExpire", "1.5", bad},

		{"sambaKickoffTime", "1774958400", noon},
		{"sambaKickoffTime", "0", bad},
		{"sambaKickoffTime", "2147483647", utc("2038-01-19T03:14:07Z")},
		{"sambaKickoffTime", "9223372036854775807", never}, // Samba's own
		{"sambaKickoffTime", "253402300799", never},        // the last second of 9999
		{"sambaKickoffTime", "253402214400", never},
		{"sambaKickoffTime", "2026033112", utc("2034-03-15T10:58:32Z")}, // seconds have ten digits
		{"sambaKickoffTime", "20260331", bad},
		{"sambaKickoffTime", "202603311200", bad},
		{"sambaKickoffTime", "1774958400000", bad}, // milliseconds, where seconds are expected
		{"unlockTime", "1774958400000", noon},
		{"unlockTime", "0", bad},
		{"unlockTime", "253402300799999", never},
		{"unlockTime", "9223372036854775807", never},
		{"unlockTime", "202603311200", bad}, // in 1976
		{"unlockTime", "20260331120000", bad},
		{"unlockTime", "1774958400", bad}, // seconds, where milliseconds are expected

		{"validUntil", "1774958400", noon},
		{"validUntil", "1774958400000", noon},
		{"validUntil", "134194320000000000", noon},
		{"validUntil", "9223372036854775807", never},
		{"validUntil", "20260331120000Z", noon},
		{"validUntil", "20260331", bad}, // LDAP's own times without the zone, which is no part to leave out
		{"validUntil", "2026033112", bad},
		{"validUntil", "202603311200", bad},
		{"validUntil", "20260331120000", bad},
		{"validUntil", "20260331120000000", bad}, // with milliseconds
		{"validUntil", "202603311200000000", bad},
		{"validUntil", "20260331120000.0", bad},
		{"validUntil", "2026-03-31T12:00:00", bad},
		{"validUntil", " 20260331120000 ", bad},
		{"validUntil", "2026023000", utc("2034-03-15T08:10:00Z")}, // no day of February
		{"validUntil", "9999999999", utc("2286-11-20T17:46:39Z")},
		{"validUntil", "99999999999", bad},   // in 5138
		{"validUntil", "253402300799", bad},  // the end of 9999 in seconds; as milliseconds, 1978
		{"validUntil", "260331120000Z", bad}, // a year of two digits
		{"validUntil", "260412120000Z", bad}, // the same, which is a day of 2604, too
		{"validUntil", "2604121200Z", bad},   // the same
		{"validUntil", "99991231235959Z", utc("9999-12-31T23:59:59Z")},
		{"validUntil", "29991231000000Z", utc("2999-12-31T00:00:00Z")},
		{"validUntil", "00010101000000Z", bad},      // what programs write for nothing
		{"validUntil", "0001-01-01T00:00:00Z", bad}, // the same
		{"validUntil", "16010101000000Z", bad},      // the same
		{"validUntil", "2026-03-31T14:00:00+02:00", noon},
		{"validUntil", "2026-03-31", bad}, // its beginning, or its end?
		{"validUntil", "20543", bad},      // days?
		{"validUntil", "0", bad},
		{"validUntil", "-1", bad},
		{"validUntil", "999999999999999", bad},
		{"validUntil", "soon", bad},
		{"validUntil", "", never},
	}
	for _, tt := range tests {
		got, err := Read(tt.value, FormOf(tt.attribute))
		if (err != nil) != tt.want.IsZero() || !got.Equal(tt.want) {
			t.Errorf("%s %q: %v, %v; want %v", tt.attribute, tt.value, got, err, tt.want)
		}
		if err != nil && !strings.Contains(err.Error(), "no time: ") {
			t.Errorf("%s %q: %v", tt.attribute, tt.value, err)
		}
	}
}

func TestEarliest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		values []string
		at     time.Time
		unread string
	}{
		{nil, Never(), ""},
		{[]string{""}, Never(), ""},
		{[]string{"20270101000000Z", "20260101000000Z", ""}, utc("2026-01-01T00:00:00Z"), ""},
		{[]string{"y", "20260101000000Z", "x"}, utc("2026-01-01T00:00:00Z"), "x"},
		{[]string{"x"}, Never(), "x"},
	} {
		for range 2 {
			at, unread, err := Earliest(tt.values, Generalized)
			if !at.Equal(tt.at) || unread != tt.unread || (err != nil) != (tt.unread != "") {
				t.Errorf("%q: %v, %q, %v", tt.values, at, unread, err)
			}
			slices.Reverse(tt.values) // the order means nothing
		}
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"30d": 30 * day, " 1d12h ": 36 * time.Hour, "0d": 0, "-7d": -7 * day, "-1d12h": -36 * time.Hour, "90m": 90 * time.Minute, "-1h": -time.Hour,
		"100000d": 100000 * day,
	} {
		if got, err := ParseDuration(text); err != nil || got != want {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "30", "d", "1.5d", "1d-1h", "1d1d", "100001d", "99999999999999999999d", "1d2562047h", "30 d", "2w"} {
		if got, err := ParseDuration(text); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// FuzzRead holds that a value is a time that reads back as itself, or an error on one
// line; and that no form takes what has no digit in it.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"20261124062944Z", "20261124062944,5+0130", "202611240629Z", "19700101000000Z", "000001010000Z", "20260230000000Z", "99991231235959.999999999Z", "2026112406.123456789012Z",
		"1800000000001", "-1", "9223372036854775807", "-9223372036854775808", "134444736000000000", "514", "0x2", " 2 ", "٢", "2026-03-31T14:00:00.5+02:00", "9999-12-31T23:59:59-23:59", "20543", "",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, form := range append(Forms(), Any) {
			at, err := Read(text, form)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\n\x1b") || !at.IsZero() {
					t.Fatalf("%q as %q: %v, %q", text, form, at, err)
				}
				continue
			}
			if IsNever(at) {
				if !at.Equal(Never()) {
					t.Fatalf("%q as %q: %v", text, form, at)
				}
				continue
			}
			if !strings.ContainsAny(text, "0123456789") {
				t.Fatalf("%q as %q is %v", text, form, at)
			}
			again, err := Read(at.Format("20060102150405.999999999Z"), Generalized)
			if err != nil || !again.Equal(at) {
				t.Fatalf("%q as %q is %v, which reads back as %v, %v", text, form, at, again, err)
			}
			if n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64); err == nil && n <= 0 {
				t.Fatalf("%q as %q is %v", text, form, at) // never, or an error
			}
		}
	})
}

// FuzzDuration holds that a length of time is within what can be counted, and is the
// opposite with the other sign.
func FuzzDuration(f *testing.F) {
	for _, text := range []string{"30d", "1d12h", "90m", "-7d", "1.5h", "100000d", "1d2562047h47m16s", "+1d", "--1d", "1d-1h"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := ParseDuration(text)
		if err != nil {
			if strings.ContainsAny(err.Error(), "\n\x1b") {
				t.Fatalf("%q", err)
			}
			return
		}
		if strings.ContainsAny(strings.TrimSpace(text), "+-") {
			return
		}
		if back, err := ParseDuration("-" + strings.TrimSpace(text)); d < 0 || err != nil || back != -d {
			t.Fatalf("%q is %v, and the opposite %v, %v", text, d, back, err)
		}
	})
}
