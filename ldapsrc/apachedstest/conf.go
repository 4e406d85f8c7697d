package apachedstest

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"regexp"
	"strings"
)

const keysPassword = "keys-pw"

// configure writes the server's configuration: Debian's own, with these
// differences. It listens on loopback and serves LDAP only; it has a partition
// for Suffix; anonymous reading is off, as in WSO2's store.
func (s *Server) configure() {
	s.t.Helper()
	data, err := os.ReadFile(config)
	if err != nil {
		s.t.Fatal(err)
	}
	var out bytes.Buffer
	for text := range strings.SplitSeq(strings.ReplaceAll(string(data), "\n ", ""), "\n\n") {
		e := confEntry(strings.Trim(text, "\n"))
		s.adapt(&e)
		_, _ = fmt.Fprintf(&out, "%s\n\n", e)
		if strings.Contains(e.dn(), "ads-partitionid=example,ou=partitions") {
			_, _ = fmt.Fprintf(&out, "%s\n\n", asSuffix(e))
		}
	}
	s.process.Write("conf/config.ldif", out.Bytes())
}

func (s *Server) adapt(e *confEntry) {
	dn := e.dn()
	switch {
	case strings.HasPrefix(dn, "ads-directoryserviceid=default,ou=config"):
		e.set("ads-dsAllowAnonymousAccess", "FALSE")
	case strings.HasPrefix(dn, "ads-transportid=ldap,"):
		e.set("ads-transportAddress", "127.0.0.1")
		e.set("ads-systemPort", fmt.Sprint(s.process.Port))
	case strings.HasPrefix(dn, "ads-transportid=ldaps,"):
		e.set("ads-transportAddress", "127.0.0.1")
		e.set("ads-systemPort", fmt.Sprint(s.process.TLSPort))
	case strings.HasPrefix(dn, "ads-serverid=ldapserver,"):
		e.set("ads-maxSizeLimit", fmt.Sprint(cmp.Or(s.opts.SizeLimit, defaultSizeLimit)))
		e.set("ads-keystoreFile", s.process.Path("keys.p12"))
		e.set("ads-certificatePassword", keysPassword)
		e.set("ads-replEnabled", "FALSE")
	case strings.HasPrefix(dn, "ads-serverid="):
		e.set("ads-enabled", "FALSE")
	}
}

// asSuffix makes of an entry about Debian's example partition the same about
// the one for Suffix.
func asSuffix(e confEntry) confEntry {
	e = confEntry(strings.ReplaceAll(string(e), "ads-partitionId=example", "ads-partitionId=wso2"))
	if strings.HasPrefix(e.dn(), "ads-partitionid=") {
		e.remove("ads-contextEntry")
		e.set("ads-partitionId", "wso2")
		e.set("ads-partitionSuffix", Suffix)
		e.set("ads-partitionSyncOnWrite", "FALSE") // what a crash would lose, a test does not need
	}
	return e
}

// confEntry is an entry in LDIF, its lines unfolded.
type confEntry string

// dn is the entry's DN in lower case.
func (e confEntry) dn() string {
	for line := range strings.SplitSeq(string(e), "\n") {
		if dn, ok := strings.CutPrefix(line, "dn: "); ok {
			return strings.ToLower(dn)
		}
	}
	return ""
}

func (e *confEntry) set(attr, value string) {
	e.remove(attr)
	*e += confEntry("\n" + attr + ": " + value)
}

func (e *confEntry) remove(attr string) {
	line := regexp.MustCompile(`(?mi)^` + regexp.QuoteMeta(attr) + `:.*\n?`)
	*e = confEntry(strings.TrimRight(line.ReplaceAllString(string(*e), ""), "\n"))
}
