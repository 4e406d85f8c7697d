// Package pages has what each page of a running daemon shows: data in, HTML out. A page is a
// file with its data, and a template of the same name; the look is that of package page.
package pages

import (
	"embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Site is what all pages tell.
type Site struct {
	Version            string
	Now                time.Time
	Account, Directory string // "" where no run has reached Duo yet
	Word               string // how things stand, for the title; see [Standing]
	Older              string // as of when figures are that are older than the state; "": none is
	Broken             string // why the state can't be used or read; "": it can
}

// StylePath is where all pages have their style sheet.
const StylePath = "/style.css"

// The pages that lead to one another.
const (
	NowPath      = "/"
	RunsPath     = "/runs"
	PeoplePath   = "/people"
	WaitingPath  = "/waiting"
	GroupsPath   = "/groups"
	DriftPath    = "/drift"
	SettingsPath = "/settings"
)

var nav = []page.Nav{{Name: "Now", Href: NowPath}, {Name: "Runs", Href: RunsPath}, {Name: "People", Href: PeoplePath}, {Name: "Waiting", Href: WaitingPath},
	{Name: "Groups", Href: GroupsPath}, {Name: "Drift", Href: DriftPath}, {Name: "Settings", Href: SettingsPath}}

//go:embed *.html
var sources embed.FS

// templates are the sets of all pages, by the names of their files.
var templates = func() map[string]*template.Template {
	sets := map[string]*template.Template{}
	for _, name := range []string{"now", "runs", "run", "people", "person", "waiting", "groups", "drift", "settings", "problem"} {
		set := page.Pieces().Funcs(template.FuncMap{"count": phrase.Count})
		sets[name] = template.Must(set.ParseFS(sources, "shared.html", name+".html"))
	}
	return sets
}()

// write writes a page: title is its own name, at its place in the navigation.
func (s *Site) write(w io.Writer, name, title, at string, body any) error {
	f := &page.Frame{Title: strings.Join(nonempty(s.Word, title, "duosync"), " · "), StyleHref: StylePath, Home: NowPath, Body: body,
		Foot: nonempty("duosync "+s.Version, "as of "+moment(s.Now), "read only: what changes something is a command")}
	if s.Account != "" {
		f.Where = []page.Fact{{Name: "Duo", Text: s.Account}}
	}
	if s.Directory != "" {
		f.Where = append(f.Where, page.Fact{Name: "from", Text: s.Directory})
	}
	if s.Broken != "" && at != NowPath { // which says it in its word
		f.Message = &page.Message{Tone: page.Bad, Title: Failing + ":", Text: sentences(s.Broken)}
	}
	if s.Older != "" {
		f.Message = &page.Message{Tone: page.Attention, Title: "These figures are of before,", Text: s.Older + "."}
	}
	for _, n := range nav {
		n.Current = n.Href == at
		f.Nav = append(f.Nav, n)
	}
	return page.Write(w, templates[name], f)
}

func nonempty(texts ...string) []string {
	var all []string
	for _, text := range texts {
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// PersonPath leads to somebody; "" where there is no id.
func PersonPath(id dirsync.SourceID) string {
	switch id {
	case "":
		return ""
	case ".", "..": // a browser would take them for folders
		return PeoplePath + "/" + strings.ReplaceAll(string(id), ".", "%2E")
	}
	return PeoplePath + "/" + url.PathEscape(string(id))
}

// RunPath leads to a run; "" where there is no id.
func RunPath(id string) string {
	if id == "" {
		return ""
	}
	return RunsPath + "/" + url.PathEscape(id)
}

// with gives a path with some parameters, those that are "" left out.
func with(path string, pairs ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return path
	}
	return path + "?" + q.Encode()
}

// moment shows a time; "never" for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return phrase.ShortTime(t)
}

// ago says how long ago it was, or how far it is.
func ago(now, then time.Time) string {
	d := now.Sub(then)
	switch {
	case then.IsZero():
		return "never"
	case d < 0:
		return "in " + span(-d)
	case d < time.Minute:
		return "just now"
	}
	return span(d) + " ago"
}

// onDay says how far a day is, by the calendar in UTC.
func onDay(now, then time.Time) string {
	const day = 24 * time.Hour
	switch n := int(then.UTC().Truncate(day).Sub(now.UTC().Truncate(day)) / day); {
	case n <= 0:
		return "today"
	case n == 1:
		return "tomorrow"
	default:
		return fmt.Sprintf("in %d days", n)
	}
}

// span is a length of time in its largest unit.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return "less than a minute"
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d hours", int(d.Hours()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// stamped reads a time as documents keep it; zero for what is none.
func stamped(stamp string) time.Time {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return time.Time{}
	}
	return t
}

// who is a cell with somebody who can be gone to.
func who(username string, id dirsync.SourceID) page.Cell {
	return page.Cell{Text: phrase.Name(username, id), Href: PersonPath(id)}
}

// settled is a cell with a reason, and below it what settles that: a command, or words.
func settled(reason, remedy string) page.Cell {
	if strings.HasPrefix(remedy, "duosync ") {
		return page.Cell{Text: reason, Command: remedy}
	}
	return page.Cell{Text: reason, Note: remedy}
}

// Problem is a page that says why there is none.
type Problem struct {
	Title, Text string
	Commands    []string
	Links       []page.Link
}

// Problem writes it.
func (s *Site) Problem(w io.Writer, p *Problem) error { return s.write(w, "problem", p.Title, "", p) }
