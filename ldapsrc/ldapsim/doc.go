// Package ldapsim is a small LDAP directory in the process, over the real
// protocol (RFC 4511) on a TCP port: for tests that need faults at will, and for
// the demo, which needs nothing installed.
//
// It has no schema: attributes are what was added, compared without case, in the
// manner of caseIgnoreMatch. Binds, searches with all scopes and the usual
// filters, paged results, add, modify, delete and modifyDN work; entries get
// entryUUID, createTimestamp and modifyTimestamp. Faults make it misbehave in
// one chosen way.
package ldapsim
