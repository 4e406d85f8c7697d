package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// figure is a person of the directory as the test wants it.
type figure struct {
	cn, uid, mail    string // the cn is the entry's name and stays
	aliases, mobiles []string
	locked           bool
	where            string          // UsersDN, LeftDN, or "" for deleted
	teams            map[string]bool // groups that the person is in itself, by key
	doomed           bool            // has a name that somebody else has in Duo
	id               dirsync.SourceID
	renamed          int  // in which round the names changed
	there            bool // published
	was              figureAsPublished
}

type figureAsPublished struct {
	where string
	attrs map[string][]string
}

func (p *figure) in() bool { return p.where == slapdtest.UsersDN }

func (p *figure) dn() string { return "cn=" + p.cn + "," + p.where }

func (p *figure) attributes() map[string][]string {
	attrs := map[string][]string{"uid": {p.uid}, "mail": {p.mail}, "departmentNumber": slices.Clone(p.aliases), "mobile": slices.Clone(p.mobiles)}
	if p.locked {
		attrs["accountLock"] = []string{"true"}
	}
	return attrs
}

// unit is a group of the directory as the test wants it.
type unit struct {
	key, cn string
	inner   []string // keys of groups in it
	foreign bool     // Duo has a group of that name which is not ours
	gone    bool
	was     *unitAsPublished
}

type unitAsPublished struct {
	cn      string
	members []string
}

func (u *unit) mirrored() bool { return strings.HasPrefix(u.cn, "proj-") && !u.gone }

// duo is the name of the group in Duo.
func (u *unit) duo() string {
	if u.cn == "proj-0" {
		return "Project 0"
	}
	return u.cn
}

// town is a directory as the test wants it; publish makes it so.
type town struct {
	house  *house
	people []*figure
	units  []*unit
}

func newTown(h *house) *town {
	t := &town{house: h}
	for i := range 3 {
		t.units = append(t.units, &unit{key: fmt.Sprint("p", i), cn: fmt.Sprint("proj-", i)})
	}
	for i := range 2 {
		t.units = append(t.units, &unit{key: fmt.Sprint("t", i), cn: fmt.Sprint("team-", i)})
	}
	t.unit("p0").inner, t.unit("t0").inner, t.unit("t1").inner = []string{"t0"}, []string{"t1"}, []string{"t0"} // a loop, too
	for _, name := range []string{"proj-hand", "proj-asleep"} {
		t.units = append(t.units, &unit{key: name, cn: name, foreign: true, was: &unitAsPublished{cn: name}})
	}
	return t
}

func (t *town) unit(key string) *unit {
	return t.units[slices.IndexFunc(t.units, func(u *unit) bool { return u.key == key })]
}

// isIn reports whether a person is in a group, itself or through others.
func (t *town) isIn(p *figure, u *unit) bool {
	seen := map[string]bool{}
	var through func(u *unit) bool
	through = func(u *unit) bool {
		if seen[u.key] {
			return false
		}
		seen[u.key] = true
		return p.teams[u.key] || slices.ContainsFunc(u.inner, func(key string) bool { return !t.unit(key).gone && through(t.unit(key)) })
	}
	return through(u)
}

// publish brings the directory up to what the test wants, over one connection.
func (t *town) publish() {
	t.house.t.Helper()
	t.house.ldap.Do(func(c *ldap.Conn) error {
		for _, p := range t.people {
			if err := p.publish(c); err != nil {
				return fmt.Errorf("%s: %w", p.cn, err)
			}
		}
		for _, u := range t.units {
			if err := t.publishUnit(c, u); err != nil {
				return fmt.Errorf("%s: %w", u.cn, err)
			}
		}
		return nil
	})
	for _, p := range t.people {
		if p.id == "" && p.where != "" {
			p.id = dirsync.SourceID(t.house.ldap.Attr(p.dn(), "entryUUID")[0])
		}
	}
}

func (p *figure) publish(c *ldap.Conn) error {
	want := p.attributes()
	defer func() { p.was = figureAsPublished{p.where, want} }()
	switch {
	case !p.there && p.where == "", p.there && p.was.where == "":
		return nil
	case !p.there:
		p.there = true
		request := ldap.NewAddRequest(p.dn(), nil)
		for name, values := range want {
			if len(values) > 0 {
				request.Attribute(name, values)
			}
		}
		request.Attribute("objectClass", []string{"identityPerson"})
		request.Attribute("cn", []string{p.cn})
		request.Attribute("sn", []string{p.cn})
		return c.Add(request)
	case p.where == "":
		return c.Del(ldap.NewDelRequest("cn="+p.cn+","+p.was.where, nil))
	case p.where != p.was.where:
		if err := c.ModifyDN(ldap.NewModifyDNRequest("cn="+p.cn+","+p.was.where, "cn="+p.cn, false, p.where)); err != nil {
			return err
		}
	}
	request := ldap.NewModifyRequest(p.dn(), nil)
	for _, name := range []string{"uid", "mail", "departmentNumber", "mobile", "accountLock"} {
		if !slices.Equal(want[name], p.was.attrs[name]) {
			request.Replace(name, want[name])
		}
	}
	if len(request.Changes) == 0 {
		return nil
	}
	return c.Modify(request)
}

func (t *town) publishUnit(c *ldap.Conn, u *unit) error {
	members := []string{slapdtest.ReaderDN} // a groupOfNames has somebody
	for _, p := range t.people {
		if p.teams[u.key] && p.where != "" {
			members = append(members, p.dn())
		}
	}
	for _, key := range u.inner {
		members = append(members, groupDN(t.unit(key).cn))
	}
	was := u.was
	u.was = &unitAsPublished{u.cn, members}
	switch {
	case u.gone && was == nil:
		u.was = nil
		return nil
	case u.gone:
		u.was = nil
		return c.Del(ldap.NewDelRequest(groupDN(was.cn), nil))
	case was == nil:
		request := ldap.NewAddRequest(groupDN(u.cn), nil)
		request.Attribute("objectClass", []string{"groupOfNames"})
		request.Attribute("member", members)
		return c.Add(request)
	case was.cn != u.cn:
		if err := c.ModifyDN(ldap.NewModifyDNRequest(groupDN(was.cn), "cn="+u.cn, true, "")); err != nil {
			return err
		}
	}
	if slices.Equal(members, was.members) {
		return nil
	}
	request := ldap.NewModifyRequest(groupDN(u.cn), nil)
	request.Replace("member", members)
	return c.Modify(request)
}

// String shows the directory for a test that failed.
func (t *town) String() string {
	var b strings.Builder
	for _, p := range t.people {
		if p.where == "" {
			continue
		}
		fmt.Fprintf(&b, "%s uid=%s aliases=%v mobiles=%v locked=%v in=%v teams=%v\n", p.cn, p.uid, p.aliases, p.mobiles, p.locked, p.in(), slices.Sorted(maps.Keys(p.teams)))
	}
	for _, u := range t.units {
		fmt.Fprintf(&b, "%s %s inner=%v gone=%v\n", u.key, u.cn, u.inner, u.gone)
	}
	return b.String()
}
