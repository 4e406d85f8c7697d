package slapdtest

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// WritePeople writes LDIF of n people below UsersDN, the same for the same n,
// with what real directories hold: phone numbers in every notation, names with
// commas, quotes and letters outside ASCII, people without mail or with several,
// locks in every spelling. Person i is uid=user0000000 with the number i.
func WritePeople(w io.Writer, n int) error {
	out := bufio.NewWriter(w)
	for i := range n {
		writePerson(out, i)
	}
	return out.Flush()
}

// UID is the uid of generated person i.
func UID(i int) string { return fmt.Sprintf("user%07d", i) }

// UserDN is the DN of generated person i.
func UserDN(i int) string { return "uid=" + UID(i) + "," + UsersDN }

func writePerson(out *bufio.Writer, i int) {
	given := pick(i, "Anna", "Ravi", "Zoë", "Łukasz", "李", "O'Neill", "Jean-Luc", "Fatima")
	family := pick(i/8, "Silva", "Perera", "Müller", `Smith, "J."`, "van der Berg", "d'Arc", "Kumar")
	phone := fmt.Sprintf(pick(i, "+1 415 555 %04d", "(415) 555-%04d", "415.555.%04d", "+44 20 7946 %04d", "0049 30 90182%04d",
		"+1-415-555-%04d ext. 12", "tel:+1415555%04d", "1415555%04d", "+94 (0)11 214 %04d", "555-%04d", "n/a %04d"), i%10000)

	_, _ = fmt.Fprintf(out, "dn: %s\n", UserDN(i))
	for _, class := range []string{"inetOrgPerson", "wso2Person", "scimPerson", "identityPerson"} {
		attribute(out, "objectClass", class)
	}
	attribute(out, "uid", UID(i))
	attribute(out, "cn", given+" "+family)
	attribute(out, "sn", family)
	attribute(out, "givenName", given)
	attribute(out, "scimId", fmt.Sprintf("5c1d0000-0000-4000-8000-%012x", i))
	attribute(out, "mobile", phone)
	switch i % 20 {
	case 7: // without mail
	case 11:
		attribute(out, "mail", UID(i)+"@example.com")
		attribute(out, "mail", UID(i)+"@example.org")
	default:
		attribute(out, "mail", UID(i)+"@example.com")
	}
	switch i % 50 {
	case 13:
		attribute(out, "accountLock", pick(i/50, "true", "TRUE", "True"))
	case 26:
		attribute(out, "accountDisabled", "true")
	case 39:
		attribute(out, "accountLock", "false")
	}
	if i%100 == 99 {
		attribute(out, "description", strings.Repeat("long ", 800))
	}
	_ = out.WriteByte('\n')
}

func pick(i int, choices ...string) string { return choices[i%len(choices)] }

// attribute writes a value in base64 where LDIF (RFC 2849) asks for it.
func attribute(out *bufio.Writer, name, value string) {
	plain := strings.IndexFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) < 0
	if plain && strings.TrimLeft(value, " :<") == value {
		_, _ = fmt.Fprintf(out, "%s: %s\n", name, value)
		return
	}
	_, _ = fmt.Fprintf(out, "%s:: %s\n", name, base64.StdEncoding.EncodeToString([]byte(value)))
}
