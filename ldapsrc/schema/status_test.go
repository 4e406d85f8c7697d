package schema

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/moment"
)

func of(preset Preset) *Kind {
	kind, _ := Of(preset)
	return &kind
}

// adLockout are a user's flags, what the server computes of a lockout, and its time.
func adLockout(computed, since string) map[string][]string {
	return map[string][]string{"useraccountcontrol": {"512"}, "msds-user-account-control-computed": {computed}, "lockouttime": {since}}
}

func TestStanding(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	type attrs map[string][]string
	tests := []struct {
		preset Preset
		attrs  attrs
		want   dirsync.Standing
	}{
		{WSO2IS, nil, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {"false"}, "accountdisabled": {"FALSE"}}, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {"yes"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"false"}, "accountdisabled": {"1"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"yes", "TRUE"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"1"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"1"}, "unlocktime": {"1800000000001"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"1"}, "accountdisabled": {"true"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {" "}, "accountdisabled": {""}}, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {" TRUE "}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"false", "true"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountdisabled": {"True"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000001"}}, dirsync.LockedOut},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000000"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"0"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"soon"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000001", "0"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"true"}, "unlocktime": {"1800000000001"}}, dirsync.Disabled},
		{WSO2IS, attrs{"unlocktime": {"1800000000001"}}, dirsync.Enabled},
		{WSO2IS, attrs{"pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Enabled},
		{OpenLDAP, nil, dirsync.Enabled},
		{OpenLDAP, attrs{"accountlock": {"true"}}, dirsync.Enabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"00000101000000Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"20260101000000Z"}}, dirsync.LockedOut},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {" "}}, dirsync.Unreadable},
		{DS389, attrs{"accountunlocktime": {""}}, dirsync.LockedOut},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon", "20260101000000Z"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon", "000001010000Z"}}, dirsync.Disabled},
		{DS389, nil, dirsync.Enabled},
		{DS389, attrs{"nsaccountlock": {"on"}}, dirsync.Unreadable},
		{DS389, attrs{"nsaccountlock": {"on"}, "accountunlocktime": {"20270115080001Z"}}, dirsync.Unreadable},
		{DS389, attrs{"nsaccountlock": {"on"}, "accountunlocktime": {"19700101000000Z"}}, dirsync.Disabled},
		{DS389, attrs{"nsaccountlock": {"false"}}, dirsync.Enabled},
		{DS389, attrs{"nsaccountlock": {"TRUE"}}, dirsync.Disabled},
		{DS389, attrs{"nsaccountlock": {"true"}, "accountunlocktime": {"20270115080001Z"}}, dirsync.Disabled},
		{DS389, attrs{"accountunlocktime": {"20270115080001Z"}}, dirsync.LockedOut}, // a second after now
		{DS389, attrs{"accountunlocktime": {"20270115080000Z"}}, dirsync.Enabled},
		{DS389, attrs{"accountunlocktime": {"20270115090001.5+0100"}}, dirsync.LockedOut},
		{DS389, attrs{"accountunlocktime": {"19700101000000Z"}}, dirsync.Disabled},
		{DS389, attrs{"accountunlocktime": {"soon"}}, dirsync.LockedOut},
		{ActiveDirectory, nil, dirsync.Unreadable},
		{ActiveDirectory, attrs{"objectclass": {"top", "contact"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"objectclass": {"top", "USER"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"useraccountcontrol": {"512"}, "accountexpires": {"0"}, "lockouttime": {"0"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"514"}}, dirsync.Disabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"-2147483134"}}, dirsync.Disabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"many"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"accountexpires": {"9223372036854775807"}, "useraccountcontrol": {"512"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"accountexpires": {"134444736000000000"}}, dirsync.Disabled},                               // now
		{ActiveDirectory, attrs{"accountexpires": {"134444736010000000"}, "useraccountcontrol": {"512"}}, dirsync.Enabled}, // a second later
		{ActiveDirectory, attrs{"accountexpires": {"134444736010000000"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"accountexpires": {"soon"}, "useraccountcontrol": {"512"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"accountexpires": {"soon"}, "useraccountcontrol": {"514"}}, dirsync.Disabled},
		{ActiveDirectory, attrs{"accountexpires": {"116444736000000000"}}, dirsync.Disabled}, // 1970
		{ActiveDirectory, attrs{"lockouttime": {"134444736000000000"}, "useraccountcontrol": {"512"}}, dirsync.LockedOut},
		{ActiveDirectory, attrs{"lockouttime": {"134444736000000000"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"useraccountcontrol": {"514"}, "lockouttime": {"134444736000000000"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdendtime": {"20270115080000Z"}}, dirsync.Disabled}, // now
		{OpenLDAP, attrs{"pwdendtime": {"20270115080001Z"}}, dirsync.Enabled},
		{OpenLDAP, attrs{"pwdendtime": {"20270115080001Z", "20270115090000+0100"}}, dirsync.Disabled}, // the earliest counts
		{OpenLDAP, attrs{"pwdendtime": {"soon"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdendtime": {"soon", "20270115080000Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdendtime": {"soon", "20270115080001Z"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdendtime": {"soon"}, "pwdaccountlockedtime": {"20260101000000Z"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdstarttime": {"20270115080000Z"}}, dirsync.Enabled}, // from now on
		{OpenLDAP, attrs{"pwdstarttime": {"20270115080001Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdstarttime": {"20260101000000Z", "20270115080001Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdstarttime": {"soon"}}, dirsync.Unreadable},
		{DS389, attrs{"krbprincipalexpiration": {"20270115080000Z"}}, dirsync.Disabled},
		{DS389, attrs{"krbprincipalexpiration": {"20270115080001Z"}}, dirsync.Enabled},
		{DS389, attrs{"krbprincipalexpiration": {"19700101000000Z"}}, dirsync.Enabled}, // never
		{DS389, attrs{"krbprincipalexpiration": {"never"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountexpires": {"1"}, "pwdendtime": {"19800101000000Z"}}, dirsync.Enabled},
		{ActiveDirectory, adLockout("16", "134444736000000000"), dirsync.LockedOut},
		{ActiveDirectory, adLockout("8388624", "134444736000000000"), dirsync.LockedOut},
		{ActiveDirectory, adLockout("0", "134444736000000000"), dirsync.Enabled},       // it is over
		{ActiveDirectory, adLockout("8388608", "134444736000000000"), dirsync.Enabled}, // an expired password is no lock
		{ActiveDirectory, adLockout("many", "134444736000000000"), dirsync.LockedOut},  // as where it does not come back
		{ActiveDirectory, adLockout("16", "0"), dirsync.LockedOut},
		{ActiveDirectory, adLockout("0", "0"), dirsync.Enabled},
		{FreeIPA, nil, dirsync.Enabled},
		{FreeIPA, attrs{"nsaccountlock": {"TRUE"}}, dirsync.Disabled},
		{FreeIPA, attrs{"nsaccountlock": {"FALSE"}}, dirsync.Enabled},
		{FreeIPA, attrs{"nsaccountlock": {"FALSE", "true"}}, dirsync.Disabled}, // of the entry, and of a role
		{FreeIPA, attrs{"nsaccountlock": {"locked"}}, dirsync.Unreadable},
		{FreeIPA, attrs{"accountunlocktime": {"19700101000000Z"}}, dirsync.Enabled},
		{OpenDJ, nil, dirsync.Enabled},
		{OpenDJ, attrs{"ds-pwp-account-disabled": {"true"}}, dirsync.Disabled},
		{OpenDJ, attrs{"ds-pwp-account-disabled": {"false"}, "pwdaccountlockedtime": {"20260101000000.123Z"}}, dirsync.LockedOut},
		{OpenDJ, attrs{"pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Disabled},
		{OpenDJ, attrs{"ds-pwp-account-disabled": {"maybe"}}, dirsync.Unreadable},
		{OpenDJ, attrs{"ds-pwp-account-disabled": {"maybe"}, "pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Disabled},
		{OpenDJ, attrs{"ds-pwp-account-disabled": {"true"}, "pwdaccountlockedtime": {"soon"}}, dirsync.Disabled},
		{OpenDJ, attrs{"pwdaccountlockedtime": {"soon"}}, dirsync.Unreadable},
		{EDirectory, nil, dirsync.Enabled},
		{EDirectory, attrs{"logindisabled": {"TRUE"}}, dirsync.Disabled},
		{EDirectory, attrs{"logindisabled": {"FALSE"}, "lockedbyintruder": {"FALSE"}}, dirsync.Enabled},
		{EDirectory, attrs{"lockedbyintruder": {"TRUE"}, "loginintruderresettime": {"20270115080001Z"}}, dirsync.LockedOut}, // a second after now
		{EDirectory, attrs{"lockedbyintruder": {"TRUE"}, "loginintruderresettime": {"20270115080000Z"}}, dirsync.Enabled},
		{EDirectory, attrs{"lockedbyintruder": {"TRUE"}}, dirsync.LockedOut},
		{EDirectory, attrs{"lockedbyintruder": {"TRUE"}, "loginintruderresettime": {"soon"}}, dirsync.LockedOut},
		{EDirectory, attrs{"lockedbyintruder": {"TRUE"}, "loginintruderresettime": {"20200101000000Z", "20270115080001Z"}}, dirsync.LockedOut},
		{EDirectory, attrs{"loginintruderresettime": {"20270115080001Z"}}, dirsync.Enabled}, // no lock is on
		{EDirectory, attrs{"logindisabled": {"TRUE"}, "lockedbyintruder": {"TRUE"}, "loginintruderresettime": {"20270115080001Z"}}, dirsync.Disabled},
		{EDirectory, attrs{"logindisabled": {"?"}, "lockedbyintruder": {"TRUE"}}, dirsync.Unreadable},
		{EDirectory, attrs{"lockedbyintruder": {"?"}}, dirsync.Unreadable},
		{Custom, attrs{"useraccountcontrol": {"514"}, "accountlock": {"true"}, "nsaccountlock": {"true"}}, dirsync.Enabled},
	}
	for _, tt := range tests {
		if got, _ := of(tt.preset).Standing(tt.attrs, now); got != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.preset, tt.attrs, got, tt.want)
		}
	}
}

func TestWhatIsUnsure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		preset Preset
		attrs  map[string][]string
		want   *dirsync.Unsure
	}{
		{ActiveDirectory, map[string][]string{"useraccountcontrol": {"512"}}, nil},
		{ActiveDirectory, nil, &dirsync.Unsure{Attribute: "useraccountcontrol"}},
		{ActiveDirectory, map[string][]string{"useraccountcontrol": {"many"}}, &dirsync.Unsure{Attribute: "useraccountcontrol", Value: "many"}},
		{WSO2IS, map[string][]string{"accountlock": {"1"}}, &dirsync.Unsure{Attribute: "accountlock", Value: "1"}},
		{WSO2IS, map[string][]string{"accountlock": {"1"}, "accountdisabled": {"true"}}, nil},
		{DS389, map[string][]string{"nsaccountlock": {"on"}}, &dirsync.Unsure{Attribute: "nsaccountlock", Value: "on"}},
		{OpenLDAP, map[string][]string{"pwdaccountlockedtime": {"x"}}, &dirsync.Unsure{Attribute: "pwdaccountlockedtime", Value: "x"}},
	} {
		standing, got := of(tt.preset).Standing(tt.attrs, time.Now())
		if diff := cmp.Diff(tt.want, got); diff != "" || (standing == dirsync.Unreadable) != (tt.want != nil) {
			t.Errorf("%s %v: %s (-want +got):\n%s", tt.preset, tt.attrs, standing, diff)
		}
	}
}

func TestLapses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		preset    Preset
		attribute string
		values    []string
		want      bool
	}{
		{OpenLDAP, "pwdaccountlockedtime", []string{"20260101000000Z"}, true},
		{OpenLDAP, "pwdaccountlockedtime", []string{"000001010000Z"}, false},
		{OpenLDAP, "pwdaccountlockedtime", []string{"20260101000000Z", "000001010000Z"}, false},
		{OpenLDAP, "pwdaccountlockedtime", nil, false},
		{OpenLDAP, "lockouttime", []string{"1"}, false},
		{ActiveDirectory, "lockouttime", []string{"134444736000000000"}, true},
		{ActiveDirectory, "accountexpires", []string{"0"}, false}, // every account has one
		{ActiveDirectory, "accountexpires", []string{"9223372036854775807"}, false},
		{ActiveDirectory, "accountexpires", []string{"134444736000000000"}, false},
		{ActiveDirectory, "useraccountcontrol", []string{"512"}, false},
		{ActiveDirectory, "msds-user-account-control-computed", []string{"0"}, true},
		{DS389, "accountunlocktime", []string{"20260101000000Z"}, true},
		{DS389, "accountunlocktime", []string{"19700101000000Z"}, false},
		{DS389, "nsaccountlock", []string{"true"}, false},
		{FreeIPA, "nsaccountlock", []string{"TRUE"}, false},
		{OpenDJ, "pwdaccountlockedtime", []string{"20260101000000Z"}, true},
		{OpenDJ, "pwdaccountlockedtime", []string{"000001010000Z"}, false},
		{OpenDJ, "ds-pwp-account-disabled", []string{"true"}, false},
		{EDirectory, "lockedbyintruder", []string{"TRUE"}, true},
		{EDirectory, "loginintruderresettime", []string{"20270115080001Z"}, true},
		{EDirectory, "logindisabled", []string{"TRUE"}, false},
		{WSO2IS, "unlocktime", []string{"0"}, true},
		{WSO2IS, "accountlock", []string{"true"}, false},
		{Custom, "unlocktime", []string{"0"}, false},
	} {
		if got := of(tt.preset).Lapses(tt.attribute, tt.values); got != tt.want {
			t.Errorf("%s %s %q: %v", tt.preset, tt.attribute, tt.values, got)
		}
	}
	if got := of(DS389).Via; got["memberof"] != "memberof" || got["nsaccountlock"] != "nsrole" {
		t.Errorf("389: %v", got)
	}
}

func TestStatusAttributes(t *testing.T) {
	t.Parallel()
	for preset, want := range map[Preset][]string{
		WSO2IS:          {"accountLock", "accountDisabled", "unlockTime"},
		OpenLDAP:        {"pwdAccountLockedTime", "pwdEndTime", "pwdStartTime"},
		DS389:           {"nsAccountLock", "accountUnlockTime", "krbPrincipalExpiration"},
		ActiveDirectory: {"userAccountControl", "lockoutTime", "msDS-User-Account-Control-Computed", "accountExpires"},
		FreeIPA:         {"nsAccountLock", "krbPrincipalExpiration"},
		OpenDJ:          {"ds-pwp-account-disabled", "pwdAccountLockedTime", "ds-pwp-account-expiration-time"},
		EDirectory:      {"loginDisabled", "lockedByIntruder", "loginIntruderResetTime", "loginExpirationTime"},
		Custom:          nil,
	} {
		if got := of(preset).Status; !slices.Equal(got, want) {
			t.Errorf("%s: %q", preset, got)
		}
	}
}

func FuzzStanding(f *testing.F) {
	f.Add("true", "1800000000001", "")
	f.Add("FALSE", "x", "000001010000Z")
	f.Fuzz(func(t *testing.T, lock, unlock, locked string) {
		now := time.UnixMilli(1_800_000_000_000)
		attrs := map[string][]string{"accountlock": {lock}, "unlocktime": {unlock}, "pwdaccountlockedtime": {locked}}
		isLocked := strings.EqualFold(strings.TrimSpace(lock), "true")
		if got, _ := of(WSO2IS).Standing(attrs, now); (got == dirsync.Disabled || got == dirsync.LockedOut) != isLocked {
			t.Errorf("accountLock %q, unlockTime %q: %s", lock, unlock, got)
		}
		if got, _ := of(OpenLDAP).Standing(attrs, now); got == dirsync.Enabled {
			t.Errorf("pwdAccountLockedTime %q: %s", locked, got)
		}
	})
}

// FuzzTimes holds that a time is read as one, wherever a preset looks for one, that a
// second later nobody is let in by it, and that what is none never lets in whom another value locks out.
func FuzzTimes(f *testing.F) {
	for _, text := range []string{
		"20261124062944Z", "20261124062944,5+0130", "202611240629Z", "19700101000000Z", "000001010000Z", "20260230000000Z", "99991231235959.999999999Z",
		"1800000000001", "-1", "9223372036854775807", "-9223372036854775808", "134444736000000000", "514", "0x2", " 2 ", "٢",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		now := time.UnixMilli(1_800_000_000_000)
		disabled := []struct {
			preset Preset
			attrs  map[string][]string
		}{
			{WSO2IS, map[string][]string{"accountdisabled": {"true"}, "accountlock": {text}, "unlocktime": {text}}},
			{WSO2IS, map[string][]string{"accountlock": {"true"}, "unlocktime": {"0", text}}},
			{OpenLDAP, map[string][]string{"pwdaccountlockedtime": {text, "000001010000Z"}}},
			{DS389, map[string][]string{"nsaccountlock": {"true"}, "accountunlocktime": {text}}},
			{DS389, map[string][]string{"accountunlocktime": {text, lockedUntilReset}}},
			{ActiveDirectory, map[string][]string{"useraccountcontrol": {"2"}, "accountexpires": {text}, "lockouttime": {text}}},
			{ActiveDirectory, map[string][]string{"useraccountcontrol": {text, "514"}}},
		}
		for _, d := range disabled {
			if got, _ := of(d.preset).Standing(d.attrs, now); got != dirsync.Disabled {
				t.Errorf("%s %q: %s", d.preset, d.attrs, got)
			}
		}
		for _, preset := range Presets() {
			kind := of(preset)
			if kind.Expires == "" {
				continue
			}
			attrs := map[string][]string{"useraccountcontrol": {"512"}, strings.ToLower(kind.Expires): {text}}
			at, err := moment.Read(text, moment.FormOf(kind.Expires))
			want := dirsync.Enabled
			switch {
			case err != nil:
				want = dirsync.Unreadable
			case !at.After(now):
				want = dirsync.Disabled
			}
			if got, _ := kind.Standing(attrs, now); got != want {
				t.Errorf("%s %q: %s, want %s", preset, attrs, got, want)
			}
			if later, _ := kind.Standing(attrs, now.Add(time.Second)); want == dirsync.Disabled && later != want {
				t.Errorf("%s %q: %s a second later", preset, attrs, later)
			}
		}
	})
}
