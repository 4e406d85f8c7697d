package slapdtest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"duosync/ldapsrc/internal/testserver"
)

// writePeople writes LDIF of n people below UsersDN, the same for the same n,
// with what real directories hold: phone numbers in every notation, names with
// commas, quotes and letters outside ASCII, people without mail or with several,
// locks in every spelling. Person i is uid=user0000000 with the number i.
func writePeople(w io.Writer, n int) error {
	out := bufio.NewWriter(w)
	for i := range n {
		writePerson(out, i)
	}
	return out.Flush()
}

// UID is the uid of generated person i.
func UID(i int) string { return testserver.UID(i) }

// UserDN is the DN of generated person i.
func UserDN(i int) string { return "uid=" + UID(i) + "," + UsersDN }

func writePerson(out *bufio.Writer, i int) {
	attrs := testserver.Person(i)
	attrs["objectClass"] = []string{"inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"}
	attrs["mobile"] = []string{fmt.Sprintf(testserver.Pick(i, "+1 415 555 %04d", "(415) 555-%04d", "415.555.%04d", "+44 20 7946 %04d", "0049 30 90182%04d",
		"+1-415-555-%04d ext. 12", "tel:+1415555%04d", "1415555%04d", "+94 (0)11 214 %04d", "555-%04d", "n/a %04d"), i%10000)}
	if i%100 == 99 {
		attrs["description"] = []string{strings.Repeat("long ", 800)}
	}
	_, _ = fmt.Fprintf(out, "dn: %s\n", UserDN(i))
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		for _, value := range attrs[name] {
			attribute(out, name, value)
		}
	}
	_ = out.WriteByte('\n')
}

// attribute writes a value in base64 where LDIF (RFC 2849) asks for it.
func attribute(out *bufio.Writer, name, value string) {
	plain := strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if plain && strings.TrimLeft(value, " :<") == value {
		_, _ = fmt.Fprintf(out, "%s: %s\n", name, value)
		return
	}
	_, _ = fmt.Fprintf(out, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}
