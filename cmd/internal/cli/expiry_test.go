package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc/slapdtest"
)

// TestExpiry has accounts of a real slapd end: the key comes into a configuration that is
// in use, a dry run looks ahead, explain tells the day, and the end is moved on.
func TestExpiry(t *testing.T) {
	const day = 24 * time.Hour
	today := time.Now().Truncate(day) // shadowExpire counts days in UTC
	var ldif strings.Builder
	for uid, ends := range map[string]time.Time{"past": today.Add(-day), "soon": today.Add(10 * day)} {
		_, _ = fmt.Fprintf(&ldif, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: %[1]s\ncn: %[1]s\nsn: x\nshadowExpire: %[3]d\n\n",
			uid, slapdtest.UsersDN, ends.Unix()/int64(day/time.Second))
	}
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: ldif.String() + plainPeople(8)}})
	h.want(0, "applied") // nobody reads an end by this preset, unless asked for
	h.want(0, "no-changes")

	h.edit("ldap: {", "ldap: {expires_attribute: shadowExpire, ")
	r := h.want(0, "applied")
	if want := "expired on " + today.Add(-day).Format("2006-01-02") + " 00:00 UTC in the directory"; !slices.Equal(r.ops(), []string{"disable past"}) || !strings.Contains(r.out, want) {
		t.Errorf("%v\n%s", r.ops(), r.out)
	}
	if r := h.want(0, "no-changes"); r.report.Duo.Calls != 0 {
		t.Errorf("%d calls", r.report.Duo.Calls)
	}
	at := func(when time.Time) string { return when.Format(time.RFC3339) }
	h.want(0, "no-changes", "--dry-run", "--as-of", at(today.Add(10*day-time.Second)))
	if r := h.want(0, "planned", "--dry-run", "--as-of", at(today.Add(10*day))); !slices.Equal(r.ops(), []string{"disable soon"}) {
		t.Errorf("in ten days: %v", r.ops())
	}
	if r := h.run("explain", "past"); r.code != 0 || !strings.Contains(r.out, "found, disabled: expired on "+today.Add(-day).Format("2006-01-02")) {
		t.Errorf("explain: exit %d\n%s%s", r.code, r.out, r.err)
	}

	h.ldap.Modify("uid=past,"+slapdtest.UsersDN, "shadowExpire", strconv.FormatInt(today.Add(30*day).Unix()/int64(day/time.Second), 10))
	if r := h.want(0, "applied"); !slices.Equal(r.ops(), []string{"enable past"}) {
		t.Errorf("moved on: %v", r.ops())
	}
}
