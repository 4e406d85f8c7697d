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
// fails. DNs are compared as servers do; where that takes two entries for one, they
// are told apart exactly, or the read fails.
//
// What a read does not show is looked at again, and that must be on the same server:
// of two that hold the same directory one may lag behind. So the connection of the
// last complete read is kept, and Lookup, LookupGroups and Stamps ask over it. Where it
// was lost meanwhile, they go on over a new one only if the server that answers there
// says of itself what that of the read said.
package ldapsrc
