package testserver

import "fmt"

// UID is the uid of generated person i.
func UID(i int) string { return fmt.Sprintf("user%07d", i) }

// Person gives attributes of generated person i, uid=user0000000 with the number i: the
// same for the same i, with names in several scripts, commas and quotes, a lock in every
// spelling, people without mail or with two addresses. Classes and phone numbers are
// each server's own.
func Person(i int) map[string][]string {
	given := Pick(i, "Anna", "Ravi", "Zoë", "Łukasz", "李", "O'Neill", "Jean-Luc", "Fatima")
	family := Pick(i/8, "Silva", "Perera", "Müller", `Smith, "J."`, "van der Berg", "d'Arc", "Kumar")
	attrs := map[string][]string{
		"uid":       {UID(i)},
		"cn":        {given + " " + family},
		"sn":        {family},
		"givenName": {given},
		"scimId":    {fmt.Sprintf("5c1d0000-0000-4000-8000-%012x", i)},
	}
	switch i % 20 {
	case 7: // without mail
	case 11:
		attrs["mail"] = []string{UID(i) + "@example.com", UID(i) + "@example.org"}
	default:
		attrs["mail"] = []string{UID(i) + "@example.com"}
	}
	switch i % 50 {
	case 13:
		attrs["accountLock"] = []string{Pick(i/50, "true", "TRUE", "True")}
	case 26:
		attrs["accountDisabled"] = []string{"true"}
	case 39:
		attrs["accountLock"] = []string{"false"}
	}
	return attrs
}

// Pick gives the choice that is person i's turn.
func Pick(i int, choices ...string) string { return choices[i%len(choices)] }
