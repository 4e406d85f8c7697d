package engine_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"
	"duosync/sync/expression"
	"duosync/sync/mapping"
)

func formula(t testing.TB, text string) dirsync.Expression {
	e, err := expression.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func limits(t testing.TB, text string) dirsync.Limits {
	var l dirsync.Limit
	if err := l.UnmarshalText([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return dirsync.Limits{MaxRemove: l, MaxUpdate: l, MaxEnable: l, MaxCreate: l, MaxRecreate: l, MaxGroupLoss: l, MaxGroupDelete: l, MinSource: l, MinAttribute: l, Floor: 5}
}

func (w *world) each(lines []string, do func(words []string)) {
	for _, line := range lines {
		if words := strings.Fields(line); len(words) > 0 {
			do(words)
		}
	}
}

func (w *world) rule(words []string) {
	duration := func(s string) time.Duration {
		d, err := time.ParseDuration(s)
		if err != nil {
			w.t.Fatal(err)
		}
		return d
	}
	removal := func() decide.Removal {
		return decide.Removal{Action: dirsync.Action(words[1]), After: duration(words[2]), Then: dirsync.Action(words[3]), Grace: duration(words[4])}
	}
	limit := func() dirsync.Limit {
		var l dirsync.Limit
		if err := l.UnmarshalText([]byte(words[1])); err != nil {
			w.t.Fatal(err)
		}
		return l
	}
	switch words[0] {
	case "directories":
		w.directories(words[1:])
	case "in": // DIRECTORY RULE…
		dir := w.dir
		w.dir, w.at = w.directory(words[1]), words[1]
		w.rule(words[2:])
		w.dir, w.at = dir, ""
	case "on_missing":
		w.rules.OnMissing = removal()
	case "on_out_of_scope":
		w.rules.OnOutOfScope = removal()
	case "existing":
		w.rules.Existing = decide.Existing(words[1])
	case "include_groups":
		w.rules.IncludeGroups = words[1:]
	case "member_of":
		w.rules.MemberOf = words[1]
	case "exclude_groups":
		w.rules.ExcludeGroups = words[1:]
	case "groups": // that exist in the directory
		w.dir.groups = words[1:]
	case "exclude":
		w.exclude[words[1]] = true
	case "unprotect":
		delete(w.rules.Protect, words[1])
	case "nostatus":
		w.rules.Status = false
	case "protect":
		w.rules.Protect[words[1]] = true
	case "drift":
		w.drift = words[1]
	case "lockouts":
		w.rules.CountLockouts = true
	case "refresh_every":
		w.rules.RefreshEvery = duration(words[1])
	case "unmapped":
		delete(w.rules.Mapping, words[1])
	case "max_remove":
		w.rules.Limits.MaxRemove = limit()
	case "max_update":
		w.rules.Limits.MaxUpdate = limit()
	case "max_enable":
		w.rules.Limits.MaxEnable = limit()
	case "min_source":
		w.rules.Limits.MinSource = limit()
	case "min_attribute":
		w.rules.Limits.MinAttribute = limit()
	case "server":
		w.dir.server = words[1]
	case "max_group_loss":
		w.rules.Limits.MaxGroupLoss = limit()
	case "mapping": // FIELD EXPRESSION
		if w.at != "" {
			if w.own == nil {
				w.own = map[string]map[string]dirsync.Expression{}
			}
			w.configured().Digest += "|" + strings.Join(words, " ")
			w.own[w.at] = map[string]dirsync.Expression{words[1]: formula(w.t, strings.Join(words[2:], " "))}
			return
		}
		w.rules.Mapping[words[1]] = formula(w.t, strings.Join(words[2:], " "))
		for i := range w.rules.Directories {
			w.rules.Directories[i].Digest += "|" + strings.Join(words, " ")
		}
	case "status":
		w.rules.StatusFrom = formula(w.t, strings.Join(words[1:], " "))
	case "allow_bypass": // or off
		w.rules.AllowBypass = len(words) == 1
	case "aliases":
		w.rules.Aliases = nil
		for _, text := range words[1:] {
			w.rules.Aliases = append(w.rules.Aliases, formula(w.t, text))
		}
	case "phones": // create|always conflict|share ATTRIBUTE…
		w.rules.Phones = mapping.PhoneRules{Region: "US", Always: words[1] == "always", Share: words[2] == "share"}
		for _, text := range words[3:] {
			kind := "mobile"
			if text == "telephonenumber" {
				kind = "landline"
			}
			w.rules.Phones.From = append(w.rules.Phones.From, mapping.PhoneFrom{Number: formula(w.t, text), Type: kind})
		}
	case "mirror": // NAME…, or none
		names := words[1:]
		w.rules.Groups.Mirror = func(name string) bool { return slices.Contains(names, name) }
	case "rename_group": // FROM TO
		from, to := words[1], words[2]
		w.rules.Groups.Rename = func(name string) string {
			if name == from {
				return to
			}
			return name
		}
	case "rename_groups": // FROM=TO…
		to := map[string]string{}
		for _, word := range words[1:] {
			from, name, _ := strings.Cut(word, "=")
			to[from] = name
		}
		w.rules.Groups.Rename = func(name string) string { return cmp.Or(to[name], name) }
	case "adopt_groups":
		w.rules.Groups.Adopt = true
	case "delete_unmirrored":
		w.rules.Groups.DeleteUnmirrored = true
	case "scope":
		w.configured().Scope = words[1]
	case "narrower": // SCOPE, or none
		w.configured().Narrower = strings.Join(words[1:], " ")
	case "place":
		w.configured().Place = words[1]
	case "floor":
		w.rules.Limits.Floor = w.number(words[1])
	case "max_group_delete":
		w.rules.Limits.MaxGroupDelete = limit()
	case "max_create":
		w.rules.Limits.MaxCreate = limit()
	case "nested": // NAME:OUTER…, groups inside of others
		w.dir.nested = words[1:]
	case "blind": // what the account does not see any more, see memDirectory
		w.dir.blind = map[string]bool{}
		for _, key := range words[1:] {
			w.dir.blind[key] = true
		}
	case "changed": // entries that were changed, by id, id:ID or dn:cn=name
		for _, key := range words[1:] {
			w.dir.bump(key)
		}
	case "expires": // ATTRIBUTE with the time from which somebody counts as disabled
		kind, _ := schema.Of(schema.Custom)
		kind = kind.Expiring(words[1])
		w.dir.expires = &kind
		w.rules.StatusAttributes = kind.Status
	case "marker":
		w.dir.marker = dirsync.Marker{"csn": words[1]}
	case "mails":
		w.rules.EnrollMails = w.number(words[1])
	default:
		w.t.Fatalf("unknown rule %q", words[0])
	}
}

func (w *world) number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

func (w *world) people(lines []string) []dirsync.Person {
	var people []dirsync.Person
	w.each(lines, func(words []string) {
		p := dirsync.Person{ID: dirsync.SourceID(words[0]), Attrs: map[string][]string{}, Standing: dirsync.Enabled}
		for _, word := range words[1:] {
			attribute, value, ok := strings.Cut(word, "=")
			switch {
			case ok && attribute == "base":
				p.Base = value
			case ok:
				p.Attrs[attribute] = append(p.Attrs[attribute], strings.ReplaceAll(value, "_", " "))
			case strings.HasPrefix(word, "@"):
				p.Groups = append(p.Groups, word[1:])
			case word == "disabled":
				p.Standing = dirsync.Disabled
				p.Attrs["accountlock"] = []string{"true"}
			case word == "lockout":
				p.Standing = dirsync.LockedOut
			case word == "badlock":
				p.Standing, p.Unsure = dirsync.Unreadable, &dirsync.Unsure{Attribute: "accountlock", Value: "maybe"}
				p.Attrs["accountlock"] = []string{"maybe"}
			case word == "nogid": // which groups the person is in can't be told
				p.Standing, p.Unsure = dirsync.Unreadable, &dirsync.Unsure{Attribute: "gidnumber", Groups: true}
			case word == "unreadable":
				p.Standing, p.Unsure = dirsync.Unreadable, &dirsync.Unsure{Attribute: "accountlock"}
			default:
				p.Attrs["uid"] = append(p.Attrs["uid"], word)
			}
		}
		p.DN = "uid=" + strings.Join(p.Attrs["uid"], "") + ",ou=Users"
		people = append(people, p)
	})
	return people
}

func (w *world) hand(words []string) {
	switch words[0] {
	case "delete":
		w.duo.purge(words[1])
		delete(w.duo.groups, words[1])
		for _, a := range w.duo.users { // Duo takes the memberships with it
			a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(m dirsync.Membership) bool { return m.ID == words[1] })
		}
		return
	case "group": // ID NAME [STATUS] [synced]
		g := &dirsync.Group{ID: words[1], Name: words[2], Status: dirsync.StatusActive}
		for _, word := range words[3:] {
			if g.Synced = word == "synced"; !g.Synced {
				g.Status = word
			}
		}
		w.duo.groups[g.ID] = g
		return
	case "mark": // ID REASON: duosync disable
		w.mark(words[1], words[2])
		return
	case "mark-meanwhile": // ID REASON: while the next call about that user waits for its turn
		w.duo.waits = func(ops []*dirsync.Op) {
			if slices.ContainsFunc(ops, func(o *dirsync.Op) bool { return o.User == words[1] }) {
				w.duo.waits = nil
				w.mark(words[1], words[2])
			}
		}
		return
	case "unmark":
		for i := range w.store.marks {
			if w.store.marks[i].User == words[1] {
				w.store.marks[i].Lifted = w.clock
			}
		}
		return
	case "phone": // ID NUMBER [activated] [USER…]
		p := &dirsync.Phone{ID: words[1], Number: words[2], Type: "mobile"}
		for _, word := range words[3:] {
			if word == "activated" {
				p.Activated = true
			} else {
				p.Users = append(p.Users, word)
			}
		}
		w.duo.phones[p.ID] = p
		return
	case "join", "leave": // USER GROUP
		a := w.duo.users[words[1]]
		a.Groups = slices.DeleteFunc(slices.Clone(a.Groups), func(m dirsync.Membership) bool { return m.ID == words[2] })
		if words[0] == "join" {
			a.Groups = append(a.Groups, dirsync.Membership{ID: words[2]})
		}
		return
	}
	a := w.duo.users[words[1]]
	if words[0] == "add" {
		a = &dirsync.Account{ID: words[1], Status: dirsync.StatusActive, Created: w.clock.Add(time.Second)} // by hand, later than by the run before
		w.duo.users[a.ID] = a
	}
	for _, word := range words[2:] {
		field, value, _ := strings.Cut(word, "=")
		value = strings.ReplaceAll(value, "_", " ")
		switch field {
		case "alias":
			a.Aliases = append(a.Aliases, value)
		case "synced":
			a.Synced = value != "false"
		case "enrolled":
			a.Enrolled = true
		case dirsync.FieldStatus:
			a.Status = value
		default:
			set(a, field, value)
		}
	}
}

// mark does what duosync disable does.
func (w *world) mark(user, reason string) {
	a := w.duo.users[user]
	m := dirsync.Mark{User: a.ID, Username: a.Username, Since: w.clock, Reason: reason, Before: a.Status}
	w.store.marks = slices.DeleteFunc(w.store.marks, func(earlier dirsync.Mark) bool {
		if earlier.User == m.User {
			m.Before = earlier.Before
		}
		return earlier.User == m.User
	})
	w.store.marks = append(w.store.marks, m)
	a.Status = dirsync.StatusDisabled
}

func (w *world) fault(words []string) {
	switch words[0] {
	case "refuse":
		w.duo.refuse[words[1]] = true
	case "doubt":
		w.duo.doubt[words[1]] = true
	case "hidden":
		w.duo.hidden[words[1]] = true
	case "astray": // NAME ID: a create is answered with the id of another user, or of nobody
		w.duo.astray[words[1]] = words[2]
	case "born": // NAME STATUS: whatever a create asks for
		w.duo.born[words[1]] = strings.Join(words[2:], " ")
	case "spare":
		w.duo.spare[words[1]] = words[2]
	case "fail":
		w.duo.fail[words[1]] = true
	case "lose":
		w.duo.lose[words[1]] = true
	case "crash":
		w.duo.crash[words[1]+" "+words[2]] = true
	case "failop":
		w.duo.failop[words[1]+" "+words[2]] = true
	case "clear":
		w.duo.refuse, w.duo.noTrash = map[string]bool{}, false
		clear(w.duo.doubt)
		clear(w.duo.hidden)
		clear(w.duo.spare)
		w.audit = func() *engine.Audit { return nil }
	case "unaudited": // but for so many looks of a run
		looks := 0
		if len(words) > 1 {
			looks, _ = strconv.Atoi(words[len(words)-1])
		}
		between := len(words) > 2 // calls, not waves
		w.audit = func() *engine.Audit {
			left := looks
			look := func(counts bool) error {
				if counts {
					left--
				}
				if left >= 0 {
					return nil
				}
				return dirsync.WithHint(errors.New("audit.file: no space left on device"), "Free some space where audit.file is.")
			}
			return &engine.Audit{Ready: func(context.Context, int) error { return look(!between) }, Still: func(int) error { return look(between) }}
		}
	case "no-trash":
		w.duo.noTrash = true
	case "read":
		w.directory(strings.Join(words[1:], "")).readErr = fmt.Errorf("the server closed the connection on page 2")
	case "no-read":
		w.directory(strings.Join(words[1:], "")).readErr = nil
	default:
		w.t.Fatalf("unknown fault %q", words[0])
	}
}

func (w *world) options(args string) engine.Options {
	opts := engine.Options{RunID: "run"}
	words := strings.Fields(args)
	for i := 0; i < len(words); i++ {
		switch words[i] {
		case "dry":
			opts.DryRun = true
		case "refresh":
			opts.Refresh = true
		case "adopt":
			i++
			opts.Adopt = append(opts.Adopt, words[i])
		case "only":
			i++
			opts.Only = words[i]
		case "approve": // whatever the last run held
			hold := w.store.holds[w.held]
			opts.Approve = &hold
		case "approveguard": // what that one guard held in the last run
			i++
			hold := w.holdOf(words[i])
			opts.Approve = &hold
		default:
			w.t.Fatalf("unknown option %q", words[i])
		}
	}
	return opts
}

// holdOf gives what a guard of the last run held, by its name, what it is about, and how
// its detail begins; none where it ends with a slash.
func (w *world) holdOf(text string) dirsync.Approval {
	name, rest, _ := strings.Cut(text, "/")
	about, detail, _ := strings.Cut(rest, "/")
	for _, g := range w.last.Guards {
		if g.Held && g.Name == name && g.About.Text() == about && strings.HasPrefix(g.Detail, detail) && (!strings.HasSuffix(text, "/") || g.Detail == "") {
			return w.store.holds[g.ApprovalID]
		}
	}
	w.t.Fatalf("no guard %s holds", text)
	return dirsync.Approval{}
}
