package cli

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// pool is a number that several people may come to want.
func (w *turmoil) pool() string { return fmt.Sprintf("+120255501%02d", w.IntN(25)) }

// hires has somebody come whose names are new.
func (w *turmoil) hires() {
	n := len(w.town.people)
	p := &figure{cn: fmt.Sprintf("P%02d", n), uid: fmt.Sprintf("u%02d", n), mail: fmt.Sprintf("u%02d@example.org", n), where: slapdtest.UsersDN, teams: map[string]bool{}}
	for i := range w.IntN(3) {
		p.aliases = append(p.aliases, fmt.Sprintf("a%02d%d", n, i))
	}
	if w.IntN(3) > 0 {
		p.mobiles = append(p.mobiles, w.pool())
	}
	for _, u := range w.town.units {
		if w.IntN(4) == 0 {
			p.teams[u.key] = true
		}
	}
	p.locked = w.IntN(8) == 0
	w.town.people = append(w.town.people, p)
}

// someone picks a person who can be changed; nil where there is none.
func (w *turmoil) someone(fit func(*figure) bool) *figure {
	all := slices.DeleteFunc(slices.Clone(w.town.people), func(p *figure) bool { return p.doomed || p.where == "" || fit != nil && !fit(p) })
	if len(all) == 0 {
		return nil
	}
	return all[w.IntN(len(all))]
}

// happens changes one thing in the directory.
func (w *turmoil) happens() {
	p, q := w.someone((*figure).in), w.someone((*figure).in)
	if p == nil || p == q {
		w.hires()
		return
	}
	choice := w.IntN(14)
	switch { // who leaves takes the names along, so they have not just been given away
	case choice >= 4 && choice <= 8:
		p.renamed, q.renamed = w.number, w.number
	case (choice == 1 || choice == 2) && p.renamed == w.number:
		return
	}
	switch choice {
	case 0:
		w.hires()
	case 1:
		p.where = slapdtest.LeftDN
		w.hands.unsure(w, p)
	case 2:
		p.where = ""
		w.hands.unsure(w, p)
	case 3:
		if back := w.someone(func(p *figure) bool { return !p.in() }); back != nil {
			back.where = slapdtest.UsersDN
		}
	case 4:
		p.uid = fmt.Sprintf("r%02d%d", w.number, w.IntN(1000000))
	case 5, 6:
		p.uid, q.uid = q.uid, p.uid
	case 7:
		p.aliases, q.aliases = q.aliases, p.aliases
	case 8: // a username becomes an alias, an alias a username
		if len(p.aliases) > 0 {
			p.aliases[0], q.uid = q.uid, p.aliases[0]
		}
	case 9:
		p.mobiles, q.mobiles = q.mobiles, p.mobiles
	case 10:
		p.mobiles = nil
		for range w.IntN(3) {
			if number := w.pool(); !slices.Contains(p.mobiles, number) {
				p.mobiles = append(p.mobiles, number)
			}
		}
	case 11:
		u := w.town.units[w.IntN(len(w.town.units))]
		p.teams[u.key] = !p.teams[u.key]
		q.teams[u.key] = !q.teams[u.key]
	case 12:
		p.locked = !p.locked
		w.hands.unsure(w, p)
	default:
		w.reorganizes()
	}
}

// reorganizes changes the groups themselves.
func (w *turmoil) reorganizes() {
	u := w.town.units[w.IntN(len(w.town.units))]
	switch {
	case u.foreign:
	case w.IntN(3) > 0:
		u.cn = fmt.Sprintf("%s-%d", u.cn[:4], 10+w.IntN(1000000))
		u.cn = map[string]string{"proj": "proj", "team": "team"}[u.cn[:4]] + u.cn[4:]
	case u.key[0] == 'p':
		n := len(w.town.units)
		w.town.units = append(w.town.units, &unit{key: fmt.Sprint("p", n), cn: fmt.Sprintf("proj-new%d", n), inner: []string{"t0"}})
	default:
		p0 := w.town.unit("p0")
		p0.inner = [][]string{{"t0"}, {"t1"}, nil}[w.IntN(3)]
	}
}

type pair struct{ user, object string }

// hands is what others have made in Duo.
type hands struct {
	users   map[string]duosim.User
	groups  map[string]duosim.Group
	phones  map[string]duosim.Phone // Users apart
	pairs   map[pair]bool           // user and phone, or user and group
	codes   map[string][]duosim.BypassCode
	aliases map[string][]string // given to users of ours
	status  map[string]string   // "?": may be either
}

// others fills Duo before the first run. Some of them have the names of people who
// come in the directory: those are doomed.
func (w *turmoil) others() hands {
	h := hands{users: map[string]duosim.User{}, groups: map[string]duosim.Group{}, phones: map[string]duosim.Phone{}, pairs: map[pair]bool{},
		codes: map[string][]duosim.BypassCode{}, aliases: map[string][]string{}, status: map[string]string{}}
	w.handGroup("by hand", "active")
	w.handGroup("proj-hand", "active")
	bypass := w.handGroup("proj-asleep", "bypass")
	code := []duosim.BypassCode{{ID: "BC0", Code: "111222333", Uses: 1}}
	token, err := w.duo.AddToken(duosim.Token{Serial: "4711"})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, u := range []duosim.User{
		{Username: "boss", Aliases: []string{"", "chief"}, Groups: []string{bypass.ID}, BypassCodes: code, Tokens: []string{token.ID}},
		{Username: "namesake", Status: "pending deletion"},
		{Username: "synced", LastDirectorySync: time.Unix(1700000000, 0).UTC()},
		{Username: "out", Status: "locked out", LockoutReason: "Failed Attempts"},
		{Username: "free", Status: "bypass"},
	} {
		w.handUser(u)
	}
	w.enroll("boss", "+12025550100")
	w.enroll("free", "+12025550100") // shared by two
	w.enroll("boss", "")             // a tablet
	w.handPhone(duosim.Phone{Number: "+12025550101", Type: "mobile"})
	s := w.duo.Snapshot()
	for _, u := range s.Users {
		h.users[u.ID] = u
	}
	for _, g := range s.Groups {
		h.groups[g.ID] = g
	}
	for _, p := range s.Phones {
		h.note(p)
	}
	for i, name := range []string{"boss", "Namesake", "synced", "out"} {
		w.town.people = append(w.town.people, &figure{cn: "D" + name, uid: name, mail: name + "@example.org", mobiles: []string{fmt.Sprintf("+1202555019%d", i)},
			where: slapdtest.UsersDN, teams: map[string]bool{"p0": true}, doomed: true})
	}
	w.town.people = append(w.town.people, &figure{cn: "Dalias", uid: "dalias", mail: "d@example.org", aliases: []string{"chief"}, where: slapdtest.UsersDN, doomed: true})
	return h
}

// note writes a phone down as one of others', and who has it.
func (h *hands) note(p duosim.Phone) {
	for _, user := range p.Users {
		if _, theirs := h.users[user]; theirs {
			h.pairs[pair{user, p.ID}] = true
		}
	}
	p.Users = nil
	h.phones[p.ID] = p
}

// unsure notes of somebody who goes, or is locked, that a status given by hand may
// be another one later: ours.
func (h *hands) unsure(w *turmoil, p *figure) {
	if u, found := w.duo.User(p.uid); found && h.status[u.ID] != "" {
		h.status[u.ID] = "?"
	}
}

// meddles does one thing in Duo to a user of ours, as people and admins do.
func (w *turmoil) meddles() {
	h := &w.hands
	s := w.duo.Snapshot()
	users := slices.DeleteFunc(s.Users, func(u duosim.User) bool {
		_, theirs := h.users[u.ID]
		return theirs || u.Status != "active"
	})
	if len(users) == 0 {
		return
	}
	u := users[w.IntN(len(users))]
	switch w.IntN(6) {
	case 0, 1: // a device of their own
		number := w.pool()
		if w.IntN(2) == 0 {
			number = fmt.Sprintf("+12025552%03d", w.IntN(1000))
		}
		device := w.enroll(u.Username, number)
		h.note(device)
		h.pairs[pair{u.ID, device.ID}] = true
	case 2: // into any group
		g := s.Groups[w.IntN(len(s.Groups))]
		if !slices.Contains(u.Groups, g.ID) {
			h.pairs[pair{u.ID, g.ID}] = true
			w.change(u.Username, func(u *duosim.User) { u.Groups = append(u.Groups, g.ID) })
		}
	case 3:
		h.codes[u.ID] = []duosim.BypassCode{{ID: "BC" + u.ID, Code: "999888777", Uses: 1}}
		w.change(u.Username, func(u *duosim.User) { u.BypassCodes = h.codes[u.ID] })
	case 4:
		if len(u.Aliases) < 4 {
			alias := fmt.Sprintf("hand%d", w.IntN(1000000))
			h.aliases[u.ID] = append(h.aliases[u.ID], alias)
			w.change(u.Username, func(u *duosim.User) { u.Aliases = append(u.Aliases, alias) })
		}
	default:
		status := []string{"disabled", "locked out", "bypass"}[w.IntN(3)]
		h.status[u.ID] = status
		for _, p := range w.town.people { // whom this round's run locks
			if w.known[p.id].User == u.ID && (!p.in() || p.locked) {
				h.status[u.ID] = "?"
			}
		}
		w.change(u.Username, func(u *duosim.User) { u.Status = status })
	}
}

// disturbed lists what a run did to what others have made.
func (h *hands) disturbed(before, after duosim.Snapshot) []string {
	var wrong []string
	differ := func(what string, want, got any) {
		if diff := cmp.Diff(want, got); diff != "" {
			wrong = append(wrong, what+" has changed:\n"+diff)
		}
	}
	users := map[string]duosim.User{}
	for _, u := range after.Users {
		users[u.ID] = u
	}
	for id, u := range h.users {
		differ("the user "+u.Username, u, users[id])
	}
	for _, was := range before.Users {
		is := users[was.ID]
		what := "of " + was.Username
		differ("tokens "+what, was.Tokens, is.Tokens)
		differ("bypass codes "+what, was.BypassCodes, is.BypassCodes)
		for _, alias := range h.aliases[was.ID] {
			if !slices.Contains(is.Aliases, alias) {
				wrong = append(wrong, "the alias "+alias+" "+what+" is gone")
			}
		}
	}
	groups := map[string]duosim.Group{}
	for _, g := range after.Groups {
		groups[g.ID] = g
	}
	for id, g := range h.groups {
		differ("the group "+g.Name, g, groups[id])
	}
	phones := map[string]duosim.Phone{}
	for _, p := range after.Phones {
		p.Users = nil
		phones[p.ID] = p
	}
	for id, p := range h.phones {
		differ("the phone "+p.Number, p, phones[id])
	}
	for _, of := range slices.SortedFunc(maps.Keys(h.pairs), func(a, b pair) int { return slices.Compare([]string{a.user, a.object}, []string{b.user, b.object}) }) {
		if u := users[of.user]; !slices.Contains(u.Groups, of.object) && !slices.Contains(u.Phones, of.object) {
			wrong = append(wrong, u.Username+" has lost "+of.object+" "+phones[of.object].Number+groups[of.object].Name)
		}
	}
	return wrong
}
