// Package ldapsrc reads people from an LDAP directory. It implements
// [dirsync.Source] over go-ldap.
//
// What it is careful about is the end of a read. A read that stopped half-way
// and looks complete would make leavers of everybody it did not see; so each
// page counts only when its SearchResultDone with code 0 came in, the paging
// cookie must run out properly, and every other end (a limit, a referral, a
// lost connection, a cancelled context) is an error that says which.
//
// Groups are read before people, and only where somebody asks about them. What a
// server keeps back of an attribute with many values is fetched, or the read
// fails.
//
// No connection outlives a call: Read and Lookup connect, bind and close again,
// so that a pause between them can't leave a dead connection behind.
package ldapsrc
