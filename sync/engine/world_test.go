package engine_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/several"
	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/engine"
	"duosync/sync/expression"
	"duosync/sync/mapping"
	"duosync/sync/naming"
)

// world is everything around the core, in memory.
type world struct {
	t       testing.TB
	clock   time.Time
	dir     *memDirectory
	dirs    map[string]*memDirectory                 // of several directories, by name
	at      string                                   // the directory that a rule is for
	own     map[string]map[string]dirsync.Expression // mapping of one directory alone
	duo     *memDuo
	store   *memStore
	rules   decide.Rules
	exclude map[string]bool
	drift   string
	ends    bool   // the attribute of that name ends accounts, see drawRules
	held    string // the last approval id
	last    *dirsync.Run
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, clock: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), dir: &memDirectory{}, store: newMemStore(), exclude: map[string]bool{}}
	w.duo = &memDuo{users: map[string]*dirsync.Account{}, groups: map[string]*dirsync.Group{}, phones: map[string]*dirsync.Phone{}, mails: map[string]int{}, found: map[string]bool{}, now: func() time.Time { return w.clock },
		refuse: map[string]bool{}, doubt: map[string]bool{}, hidden: map[string]bool{}, astray: map[string]string{}, wrong: map[string]bool{}, born: map[string]string{}, spare: map[string]string{}, fail: map[string]bool{}, lose: map[string]bool{}, crash: map[string]bool{}, failop: map[string]bool{}}
	w.rules = decide.Rules{
		Rules: mapping.Rules{
			Mapping: map[string]dirsync.Expression{dirsync.FieldUsername: formula(t, "uid"), dirsync.FieldRealname: formula(t, "cn"), dirsync.FieldEmail: formula(t, "mail")},
			Status:  true, StatusAttributes: []string{"accountLock"}, LowerUsername: true,
			Protect:     map[string]bool{},
			Directories: dirsync.Directories{{Digest: "uid, cn, mail", Servers: []string{"ldap://a", "ldap://b"}}},
		},
		Existing:     decide.ExistingReport,
		OnMissing:    decide.Removal{Action: dirsync.Disable, Then: dirsync.Trash, Grace: 720 * time.Hour},
		OnOutOfScope: decide.Removal{Action: dirsync.Disable, Then: decide.Keep},
		RefreshEvery: 24 * time.Hour,
		Limits:       limits(t, "off"),
	}
	w.rules.Exclude = func(name, _ string) bool { return w.exclude[name] }
	w.rules.ReportDrift = func(field string) bool { return w.drift == "report" || field != "" && w.drift == field }
	return w
}

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

func (w *world) step(name, data string) (got string, golden bool) {
	w.t.Helper()
	verb, args, _ := strings.Cut(name, " ")
	lines := strings.Split(strings.TrimSpace(data), "\n")
	switch verb {
	case "rules":
		w.each(lines, w.rule)
	case "directory":
		w.directory(args).people = w.people(lines)
	case "elsewhere":
		w.directory(args).elsewhere = w.people(lines)
	case "named":
		w.named(args)
	case "moved":
		w.directory(args).moved = w.people(lines)
	case "duo":
		w.each(lines, w.hand)
	case "faults":
		w.each(lines, w.fault)
	case "clock":
		d, err := time.ParseDuration(lines[0])
		if err != nil {
			w.t.Fatal(err)
		}
		w.clock = w.clock.Add(d)
	case "run":
		return w.report(w.run(w.options(args))), true
	case "show":
		return w.accounts() + w.links(), true
	default:
		w.t.Fatalf("unknown step %q", name)
	}
	return "", false
}

// directory gives the directory of a name, "" for the only one.
func (w *world) directory(name string) *memDirectory {
	if name == "" {
		return w.dir
	}
	if w.dirs[name] == nil {
		w.t.Fatalf("there is no directory %q", name)
	}
	return w.dirs[name]
}

// directories makes the configuration one of several directories, in this order. Those that
// it had stay as they are.
func (w *world) directories(names []string) {
	var all dirsync.Directories
	for _, name := range names {
		d, known := w.rules.Directories.Get(name)
		if !known || name == "" {
			d = dirsync.Directory{Name: name, Scope: "all", Place: "here", Digest: "uid, cn, mail", Servers: []string{"ldap://" + name}}
		}
		all = append(all, d)
		if w.dirs == nil {
			w.dirs = map[string]*memDirectory{}
		}
		if w.dirs[name] == nil {
			w.dirs[name] = &memDirectory{}
		}
	}
	w.rules.Directories = all
}

// named gives the only directory a name, in the configuration and in the state.
func (w *world) named(name string) {
	d := w.rules.Directories[0]
	d.Name = name
	w.dirs, w.rules.Directories = map[string]*memDirectory{name: w.dir}, dirsync.Directories{d}
	w.store.name(naming.Name(name))
}

// source is what the engine reads: the only directory, or several as one.
func (w *world) source() dirsync.Source {
	if !w.rules.Directories.Named() {
		return w.dir
	}
	var all several.Source
	w.rules.Own = map[string]*mapping.Rules{}
	for _, name := range w.rules.Directories.Names() {
		all = append(all, several.Directory{Name: name, Source: w.dirs[name]})
		own := w.rules.Rules
		own.Own, own.Directory = nil, name
		if len(w.own[name]) > 0 {
			own.Mapping, own.OwnMapping = maps.Clone(own.Mapping), true
			maps.Copy(own.Mapping, w.own[name])
		}
		w.rules.Own[name] = &own
	}
	return all
}

// configured is what the configuration says of the directory that a rule is for.
func (w *world) configured() *dirsync.Directory {
	i := slices.IndexFunc(w.rules.Directories, func(d dirsync.Directory) bool { return d.Name == w.at })
	if i < 0 {
		w.t.Fatalf("there is no directory %q", w.at)
	}
	return &w.rules.Directories[i]
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
		a := w.duo.users[words[1]]
		w.store.marks = append(w.store.marks, dirsync.Mark{User: a.ID, Username: a.Username, Since: w.clock, Reason: words[2]})
		a.Status = dirsync.StatusDisabled
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

func (w *world) run(opts engine.Options) *dirsync.Run {
	w.duo.calls = 0
	e := &engine.Engine{Source: w.source(), Target: w.duo, Store: w.store, Rules: w.rules, Now: func() time.Time { return w.clock }}
	run := e.Run(context.Background(), opts)
	if run.ApprovalID != "" {
		w.held = run.ApprovalID
	}
	if !opts.DryRun {
		w.last = run
	}
	return run
}

// report renders a run in words.
func (w *world) report(run *dirsync.Run) string {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s: %d in scope, %d unchanged, %d skipped, %d calls", run.Outcome, run.InScope, run.Unchanged, len(run.Skipped), run.Usage.Calls)
	if run.Err != nil {
		p("error: %v", run.Err)
	}
	for _, o := range run.Operations {
		p("%s %s [%s]: %s", o.Action, o.Username, o.Result, o.Reason)
		for _, c := range o.Changes {
			if dirsync.IsList(c.Field) {
				p("  %s: %q -> %q", c.Field, dirsync.Items(c.Before), dirsync.Items(c.After))
			} else {
				p("  %s: %q -> %q", c.Field, c.Before, c.After)
			}
		}
		for _, s := range o.Phones {
			p("  %s phone %s %s", s.Do, s.Text(), s.ID)
		}
		if o.Error != "" {
			p("  error: %s", o.Error)
		}
	}
	for _, c := range run.Conflicts {
		again := "told before"
		if c.New {
			again = "new"
		}
		p("conflict %s %v (%s): %s", c.Username, c.Sources, again, c.Reason)
	}
	shown := map[dirsync.SourceID]bool{} // by a conflict or a failure
	for _, c := range run.Conflicts {
		for _, id := range c.Sources {
			shown[id] = true
		}
	}
	for _, o := range run.Operations {
		shown[o.Source] = shown[o.Source] || o.Result == dirsync.ResultFailed
	}
	for _, a := range run.Attention {
		if a.Apart || strings.HasPrefix(a.Reason, "there under a new id") || !shown[a.Source] && a.Source != "" {
			p("attention %s: %s", a.Username, a.Reason)
		}
	}
	for _, x := range run.Shadowed {
		locked := "unknown"
		if x.Locked != nil {
			locked = fmt.Sprint(*x.Locked)
		}
		p("shadowed %s of %s (%s), by %s, locked=%s", x.Username, x.Directory, x.Source, x.By, locked)
	}
	for _, x := range run.Waiting {
		p("waiting %s: %s on %s", x.Username, x.Action, x.Due.Format(time.DateTime))
	}
	for _, g := range run.Guards {
		if g.Held {
			p("held by %s %s %s: %d of %d", g.Name, g.About.Text(), g.Limit, g.Affected, g.Total)
			if g.Remedy != "" {
				p("  what ends it: %s", g.Remedy)
			}
		}
	}
	for _, text := range run.Warnings {
		p("warning: %s", text)
	}
	return b.String()
}

func (w *world) accounts() string {
	var b bytes.Buffer
	for _, a := range w.duo.sorted() {
		a = w.duo.account(a)
		fmt.Fprintf(&b, "%s %s %q realname=%q email=%q", a.ID, a.Username, a.Status, a.Realname, a.Email)
		for _, field := range dirsync.ListFields {
			if value := a.Field(field); value != "" {
				fmt.Fprintf(&b, " %s=%q", field, dirsync.Items(value))
			}
		}
		if n := w.duo.mails[a.ID]; n > 0 {
			fmt.Fprintf(&b, " mails=%d", n)
		}
		b.WriteString("\n")
	}
	for _, id := range slices.Sorted(maps.Keys(w.duo.groups)) {
		fmt.Fprintf(&b, "%s group %s %s\n", id, w.duo.groups[id].Name, w.duo.groups[id].Status)
	}
	for _, id := range slices.Sorted(maps.Keys(w.duo.phones)) {
		p := w.duo.phones[id]
		fmt.Fprintf(&b, "%s phone %s %s activated=%v users=%v\n", id, p.Text(), p.Type, p.Activated, p.Users)
	}
	return b.String()
}

func (w *world) links() string {
	var b bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(w.store.links)) {
		l := w.store.links[id]
		fmt.Fprintf(&b, "link %s -> %s", id, l.User)
		for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
			if value, asked := l.Asked[field]; asked && value != "" {
				fmt.Fprintf(&b, " %s=%q", field, value)
			}
		}
		if len(l.Joined) > 0 {
			fmt.Fprintf(&b, " joined=%v", l.Joined)
		}
		for _, p := range l.Phones {
			fmt.Fprintf(&b, " made %s %s", p.ID, p.Number)
		}
		if len(l.Unfinished) > 0 {
			fmt.Fprintf(&b, " unfinished=%v", l.Unfinished)
		}
		if l.Mail != "" {
			fmt.Fprintf(&b, " mail=%s", l.Mail)
		}
		if l.Missing != nil {
			fmt.Fprintf(&b, " missing: %s, step %q", l.Missing.Why, l.Missing.Step)
		}
		if l.LetGo != "" {
			fmt.Fprintf(&b, " let go: %s", l.LetGo)
		}
		if l.ByHand {
			b.WriteString(" disabled by hand")
		}
		b.WriteString("\n")
	}
	return b.String()
}
