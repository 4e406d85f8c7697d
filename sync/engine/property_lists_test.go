package engine_test

import (
	"fmt"
	"maps"
	"slices"
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawRules draws which lists are ours, and how.
func (w *world) drawRules(t *rapid.T) {
	w.ends = true
	switch rapid.SampledFrom([]string{"", "attribute", "rule"}).Draw(t, "ends by") {
	case "":
		w.ends = false
	case "attribute":
		w.rule([]string{"expires", "ends"})
	case "rule":
		w.rules.StatusFrom = formula(w.t, `time(ends) <= now() ? "disabled" : preset`)
	}
	if rapid.Bool().Draw(t, "aliases") {
		w.rules.Aliases = []dirsync.Expression{formula(w.t, "alias")}
	}
	if rapid.Bool().Draw(t, "phones") {
		w.rules.Phones = mapping.PhoneRules{Region: "US", From: []mapping.PhoneFrom{{Number: formula(w.t, "mobile"), Type: "mobile"}},
			Always: rapid.Bool().Draw(t, "always"), Share: rapid.Bool().Draw(t, "share")}
	}
	if rapid.Bool().Draw(t, "mirror") {
		w.rules.Groups = mapping.GroupRules{Mirror: func(name string) bool { return name != "g9" },
			Adopt: rapid.Bool().Draw(t, "adopt groups"), DeleteUnmirrored: rapid.Bool().Draw(t, "delete groups")}
	}
}

// out reports whether the directory lets a person in no more: by a lock, or by now.
func (w *world) out(p dirsync.Person) bool {
	if p.Standing == dirsync.Disabled || !w.ends || len(p.Attrs["ends"]) == 0 {
		return p.Standing == dirsync.Disabled
	}
	end, err := time.Parse("20060102150405Z", p.Attrs["ends"][0])
	if err != nil {
		w.t.Fatal(err)
	}
	return !w.clock.Before(end)
}

func number(n int) string { return fmt.Sprintf("+1202555010%d", n) }

// drawPeople draws a directory with lists, and its groups.
func (w *world) drawPeople(t *rapid.T) []dirsync.Person {
	people := drawPeople(t)
	groups := map[string]bool{}
	for i := range people {
		p := &people[i]
		if hours := rapid.SampledFrom([]int{0, 0, -1, 1, 20, 1000}).Draw(t, "ends in"); hours != 0 { // some before the next run
			p.Attrs["ends"] = []string{w.clock.Add(time.Duration(hours) * time.Hour).Format("20060102150405Z")}
		}
		for n := range rapid.IntRange(0, 3).Draw(t, "aliases of") {
			p.Attrs["alias"] = append(p.Attrs["alias"], fmt.Sprintf("n%d", 5+(rapid.IntRange(0, 7).Draw(t, "alias")+n)%8))
		}
		for range rapid.IntRange(0, 2).Draw(t, "phones of") {
			p.Attrs["mobile"] = append(p.Attrs["mobile"], number(rapid.IntRange(0, 9).Draw(t, "number")))
		}
		for _, g := range rapid.SliceOfNDistinct(rapid.IntRange(0, 3), 0, 3, rapid.ID).Draw(t, "groups of") {
			p.Groups = append(p.Groups, fmt.Sprint("g", g))
			groups[fmt.Sprint("g", g)] = true
		}
		slices.Sort(p.Groups)
	}
	w.dir.groups = nil
	for _, g := range slices.Sorted(maps.Keys(groups)) {
		w.dir.groups = append(w.dir.groups, g[1:]+"="+g)
	}
	return people
}

// others is what people and admins put into Duo beside us.
type others struct {
	groups map[string]dirsync.Group
	phones map[string]*dirsync.Phone
	joined map[string][]string // group ids by user
	next   int
}

func (w *world) drawOthers(t *rapid.T) *others {
	o := &others{groups: map[string]dirsync.Group{}, phones: map[string]*dirsync.Phone{}, joined: map[string][]string{}}
	for i := range rapid.IntRange(0, 3).Draw(t, "other groups") {
		g := dirsync.Group{ID: fmt.Sprintf("DGX%d", i), Name: fmt.Sprint("g", i), Status: rapid.SampledFrom([]string{"active", "bypass"}).Draw(t, "group status")}
		w.duo.groups[g.ID] = &g
		o.groups[g.ID] = g
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "other phones") {
		p := dirsync.Phone{ID: fmt.Sprintf("DPX%d", i), Number: number(i), Type: "mobile"}
		if rapid.Bool().Draw(t, "in use") && w.duo.users["DX0"] != nil {
			p.Users = []string{"DX0"}
		}
		o.add(w, p)
	}
	return o
}

func (o *others) add(w *world, p dirsync.Phone) {
	twin := p
	twin.Users = slices.Clone(p.Users)
	w.duo.phones[p.ID], o.phones[p.ID] = &twin, &p
}

// enroll lets somebody of ours enroll a device, with a number of their own or one
// that the directory may have, and an admin put somebody into a group.
func (w *world) enroll(t *rapid.T, o *others) {
	var users []string
	for _, a := range w.duo.sorted() {
		if a.ID[:2] == "DU" {
			users = append(users, a.ID)
		}
	}
	if len(users) == 0 || rapid.Bool().Draw(t, "quiet") {
		return
	}
	user := rapid.SampledFrom(users).Draw(t, "user")
	if n := rapid.IntRange(0, 15).Draw(t, "device"); w.duo.phone(number(n)) == nil && len(number(n)) == 12 {
		o.next++
		o.add(w, dirsync.Phone{ID: fmt.Sprintf("DPY%d", o.next), Number: number(n), Type: "mobile", Activated: true, Users: []string{user}})
	}
	// What a hand does while a call of ours is open can't be told from that call.
	if ids := slices.Sorted(maps.Keys(w.duo.groups)); len(ids) > 0 && len(w.store.open) == 0 {
		id := rapid.SampledFrom(ids).Draw(t, "group")
		a := w.duo.users[user]
		if !w.joined(user, id) && !slices.ContainsFunc(a.Groups, func(m dirsync.Membership) bool { return m.ID == id }) {
			a.Groups = append(slices.Clone(a.Groups), dirsync.Membership{ID: id})
			o.joined[user] = append(o.joined[user], id)
		}
	}
}

// joined reports whether a membership is ours, as far as we know.
func (w *world) joined(user, group string) bool {
	for _, link := range w.store.links {
		if link.User == user && slices.Contains(link.Joined, group) {
			return true
		}
	}
	return false
}

// untouched checks that what others put into Duo is as they put it.
func (o *others) untouched(fatal func(string, ...any), w *world) {
	for id, g := range o.groups {
		if w.duo.groups[id] == nil {
			fatal("the group %s of others is gone", g.Name)
		}
		if diff := cmp.Diff(g, *w.duo.groups[id]); diff != "" {
			fatal("a group of others changed: %s", diff)
		}
	}
	for id, p := range o.phones {
		now := w.duo.phones[id]
		if now == nil || now.Number != p.Number || now.Activated != p.Activated {
			fatal("the phone %s of others has changed: %+v", id, now)
		}
		for _, user := range p.Users {
			if w.duo.users[user] != nil && !slices.Contains(now.Users, user) {
				fatal("the phone %s was taken from %s", id, user)
			}
		}
	}
	for user, ids := range o.joined {
		for _, id := range ids {
			a := w.duo.users[user]
			if a != nil && w.duo.groups[id] != nil && !slices.ContainsFunc(a.Groups, func(m dirsync.Membership) bool { return m.ID == id }) {
				fatal("%s was taken out of %s, into which an admin put them", user, id)
			}
		}
	}
}

// holdsLists checks the lists of one person.
func (w *world) holdsLists(fatal func(format string, args ...any), run *dirsync.Run, p dirsync.Person, link dirsync.Link) {
	a := w.duo.account(w.duo.users[link.User])
	barred := map[string]bool{}
	for _, c := range run.Conflicts {
		barred[c.Username] = true
	}
	if len(w.rules.Aliases) > 0 {
		for _, alias := range p.Attrs["alias"] {
			if !slices.Contains(a.Names(), alias) {
				fatal("%s lacks the alias %s:\n%s", a.Username, alias, w.report(run))
			}
		}
	}
	if w.rules.Groups.Mirror != nil {
		for _, name := range p.Groups {
			if !barred[name] && !slices.Contains(dirsync.Items(a.Field(dirsync.FieldGroups)), name) {
				fatal("%s is not in %s:\n%s", a.Username, name, w.report(run))
			}
		}
		for _, id := range link.Joined {
			if g := w.duo.groups[id]; g != nil && slices.Contains(w.dir.groups, g.Name[1:]+"="+g.Name) && !slices.Contains(p.Groups, g.Name) {
				fatal("%s is still in %s:\n%s", a.Username, g.Name, w.report(run))
			}
		}
	}
	if w.rules.Phones.Always {
		for _, text := range p.Attrs["mobile"] {
			if !slices.Contains(dirsync.Items(a.Field(dirsync.FieldPhones)), text) {
				fatal("%s lacks the phone %s:\n%s", a.Username, text, w.report(run))
			}
		}
		for _, own := range link.Phones {
			if !slices.Contains(p.Attrs["mobile"], own.Number) && !w.duo.phones[own.ID].Activated {
				fatal("%s still has the phone %s:\n%s", a.Username, own.Number, w.report(run))
			}
		}
	}
}
