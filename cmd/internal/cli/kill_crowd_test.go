package cli

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
)

// crowdRules lets everything change that duosync keeps in step, and holds nothing.
const crowdRules = `  mapping: {aliases: [departmentNumber], phones: [mobile]}
  phones: {on: always}
  groups: {mirror: ['/proj-.*/']}
  limits: {max_remove: off, max_update: off, max_enable: off, max_group_loss: off, min_source: off, min_attribute: off}
  on_missing: {then: trash, grace: 0s}
`

const crowdMails = "enroll: {email: true, max_per_run: 50}\n"

// head is a person of the directory as the test wants it. The cn stays, and is the
// realname in Duo; every name, address and number is used once.
type head struct {
	cn, uid, mail, alias, mobile string
	locked, gone                 bool
	mailed                       bool // came without a phone
	swaps                        bool // a name with somebody, at the last changes
	teams                        []string
	had                          []string // numbers, that of now too
}

// reach gives somebody a number.
func (h *head) reach(number string) { h.mobile, h.had = number, append(h.had, number) }

func (h *head) String() string {
	return fmt.Sprintf("%s uid=%s mail=%s alias=%s mobile=%s locked=%v gone=%v %v", h.cn, h.uid, h.mail, h.alias, h.mobile, h.locked, h.gone, h.teams)
}

// crowd is a directory that changes at random.
type crowd struct {
	*site
	*rand.Rand
	heads  []*head
	teams  []string
	serial int
}

func newCrowd(s *site, seed uint64) *crowd {
	c := &crowd{site: s, Rand: rand.New(rand.NewPCG(seed, 42))}
	for range 3 {
		c.found()
	}
	return c
}

func (c *crowd) next() int {
	c.serial++
	return c.serial
}

func (c *crowd) number() string { return fmt.Sprintf("+1202555%04d", c.next()) }

// found makes a new group.
func (c *crowd) found() {
	name := fmt.Sprintf("proj-%d", c.next())
	c.teams = append(c.teams, name)
	c.must(c.ldap.Add("cn="+name+","+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {siteReader}}))
}

func (c *crowd) hires() {
	n := c.next()
	h := &head{cn: fmt.Sprintf("P%04d", n), uid: fmt.Sprintf("u%04d", n), mail: fmt.Sprintf("m%04d@example.org", n)}
	if c.IntN(3) == 0 {
		h.alias = fmt.Sprintf("a%04d", n)
	}
	if c.IntN(5) > 0 {
		h.reach(c.number())
	}
	h.mailed = h.mobile == ""
	for _, team := range c.teams {
		if c.IntN(4) == 0 {
			h.teams = append(h.teams, team)
		}
	}
	c.heads = append(c.heads, h)
	c.must(c.ldap.Add(c.person(h.cn), ldapsim.Attributes{"objectClass": {"person"}, "cn": {h.cn}, "sn": {h.cn}}))
	c.publish(h)
}

// publish brings a person's entry up to date; groups apart.
func (c *crowd) publish(h *head) {
	for name, value := range map[string]string{"uid": h.uid, "mail": h.mail, "departmentNumber": h.alias, "mobile": h.mobile,
		"accountLock": map[bool]string{true: "true"}[h.locked]} {
		var values []string
		if value != "" {
			values = []string{value}
		}
		c.must(c.ldap.Replace(c.person(h.cn), name, values...))
	}
}

// publishTeams brings the groups' members up to date.
func (c *crowd) publishTeams() {
	for _, team := range c.teams {
		members := []string{siteReader} // a groupOfNames has somebody
		for _, h := range c.heads {
			if !h.gone && slices.Contains(h.teams, team) {
				members = append(members, c.person(h.cn))
			}
		}
		c.must(c.ldap.Replace("cn="+team+","+siteGroups, "member", members...))
	}
}

// changes changes something about so many people, each at most once. Those who are
// there have all been in Duo.
func (c *crowd) changes(n int) {
	for _, h := range c.heads {
		h.swaps = false
	}
	there := slices.DeleteFunc(slices.Clone(c.heads), func(h *head) bool { return h.gone })
	c.Shuffle(len(there), func(i, j int) { there[i], there[j] = there[j], there[i] })
	there = there[:min(n*3/4, len(there))]
	for i := 0; i < len(there); i++ {
		h := there[i]
		switch kind := c.IntN(12); {
		case kind == 0:
			c.leaves(h)
			continue
		case kind == 1:
			h.locked = !h.locked
		case kind == 2:
			h.uid = fmt.Sprintf("r%04d", c.next())
		case kind == 3 && i+1 < len(there):
			i++
			h.uid, there[i].uid = there[i].uid, h.uid
			h.swaps, there[i].swaps = true, true
			c.publish(there[i])
		case kind <= 5:
			h.alias = fmt.Sprintf("a%04d", c.next())
		case kind <= 7:
			h.reach(c.number())
		case kind <= 9:
			team := c.teams[c.IntN(len(c.teams))]
			if was := len(h.teams); len(slices.DeleteFunc(h.teams, func(t string) bool { return t == team })) == was {
				h.teams = append(h.teams, team)
			} else {
				h.teams = h.teams[:was-1]
			}
		default:
			h.mail = fmt.Sprintf("m%04d@example.org", c.next())
		}
		c.publish(h)
	}
	for range max(0, n-len(there)) {
		c.hires()
	}
	c.found()
	c.publishTeams()
}

func (c *crowd) leaves(h *head) {
	h.gone = true
	c.must(c.ldap.Delete(c.person(h.cn)))
}

// meanwhile changes a little between two runs.
func (c *crowd) meanwhile() {
	c.hires()
	switch h := c.heads[c.IntN(len(c.heads))]; {
	case h.gone:
	case c.IntN(3) == 0 && !h.swaps: // a leaver's name that somebody takes is a conflict
		c.leaves(h)
	default:
		h.mail = fmt.Sprintf("m%04d@example.org", c.next())
		c.publish(h)
	}
	c.publishTeams()
}

// wrong lists in what Duo is not what the directory asks for.
func (c *crowd) wrong() []string {
	var wrong []string
	s := c.duo.Snapshot()
	numbers, names := map[string]string{}, map[string]string{}
	for _, p := range s.Phones {
		numbers[p.ID] = p.Number
		// A phone that was made for somebody who left before it was attached goes when the user does.
		left := len(p.Users) == 0 && slices.ContainsFunc(c.heads, func(h *head) bool { return h.gone && slices.Contains(h.had, p.Number) })
		if len(p.Users) != 1 && !left {
			wrong = append(wrong, fmt.Sprintf("the phone %s is of %v", p.Number, p.Users))
		}
	}
	for _, g := range s.Groups {
		names[g.ID] = g.Name
	}
	users := map[string]duosim.User{}
	for _, u := range s.Users {
		if _, twice := users[u.Realname]; twice {
			wrong = append(wrong, u.Realname+" is there twice")
		}
		users[u.Realname] = u
	}
	for _, h := range c.heads {
		u, exists := users[h.cn]
		delete(users, h.cn)
		switch {
		case h.locked && !exists: // before there was a user: a licence saved
		case h.gone && exists && u.Status != "pending deletion", !h.gone && !exists:
			wrong = append(wrong, fmt.Sprintf("%v: user %v", h, u))
		case h.gone:
		default:
			wrong = append(wrong, c.compare(h, &u, numbers, names)...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(users)) {
		wrong = append(wrong, "nobody wants "+name)
	}
	for _, team := range c.teams {
		if n := len(slices.DeleteFunc(slices.Sorted(maps.Values(names)), func(name string) bool { return name != team })); n != 1 {
			wrong = append(wrong, fmt.Sprintf("%d groups %s", n, team))
		}
	}
	return append(wrong, c.more()...)
}

func (c *crowd) compare(h *head, u *duosim.User, numbers, names map[string]string) []string {
	list := func(ids []string, of map[string]string) string {
		var all []string
		for _, id := range ids {
			all = append(all, of[id])
		}
		slices.Sort(all)
		return strings.Join(all, " ")
	}
	teams := slices.Sorted(slices.Values(h.teams))
	status := map[bool]string{true: "disabled", false: "active"}[h.locked]
	got := []string{u.Username, u.Email, strings.Join(u.Aliases, " "), list(u.Phones, numbers), list(u.Groups, names), u.Status}
	want := []string{h.uid, h.mail, h.alias, h.mobile, strings.Join(teams, " "), status}
	if !slices.Equal(got, want) {
		return []string{fmt.Sprintf("%s is %q, want %q", h.cn, got, want)}
	}
	return nil
}

// more lists what was made or sent more than once.
func (c *crowd) more() []string {
	var more []string
	for _, kind := range []string{"user", "phone", "group"} {
		for name, n := range c.ledger.made(kind) {
			if n > 1 {
				more = append(more, fmt.Sprintf("%s %s made %d times", kind, name, n))
			}
		}
	}
	mails := map[string]int{}
	for _, m := range c.duo.Mails() {
		mails[m.UserID]++
		if mails[m.UserID] == 2 {
			more = append(more, "a second mail to "+m.Username)
		}
	}
	slices.Sort(more)
	return more
}
