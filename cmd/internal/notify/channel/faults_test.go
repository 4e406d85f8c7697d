package channel

import "testing"

// Each fault has something to do about it, and what Go says of one is found by it.
func TestFaults(t *testing.T) {
	for i := range faults {
		if f := &faults[i]; f.words == "" || f.hook+f.mail == "" {
			t.Errorf("%v says nothing, or not what to do", f.signs)
		}
	}
	for text, words := range map[string]string{
		"dial tcp: lookup nosuch.invalid on 10.0.0.53:53: no such host":                     "DNS does not know that name",
		"dial tcp: lookup mail.example.org on 10.0.0.53:53: read udp 10.0.0.9: i/o timeout": "DNS gives no answer",
		"dial tcp 127.0.0.1:1: connect: connection refused":                                 "nothing listens there",
		"dial tcp 192.0.2.1:25: connect: no route to host":                                  "there is no way to it from this machine",
		"EOF": closedIt,
		"read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer": closedIt,
		"closing SMTP DATA writer: EOF":                                     closedWithin,
	} {
		if f := faultOf(text); f == nil || f.words != words {
			t.Errorf("%q is taken for %+v, want %q", text, f, words)
		}
	}
}
