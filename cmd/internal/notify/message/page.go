package message

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"duosync/cmd/internal/notify/news"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// page is what a message says, for people: the forms differ in markup alone.
type page struct {
	title  string
	blocks []block
	link   string // to the page that it is about; "": none
}

// block is a piece of a page, in the order in which it is read.
type block struct {
	kind kind
	text string
}

type kind int

const (
	prose   kind = iota
	heading      // of what follows
	item         // of a list
	command      // to copy, below what it is about
	fact         // small print: "name: text"
)

func (p *page) add(k kind, text string) {
	if text != "" {
		p.blocks = append(p.blocks, block{k, text})
	}
}

func (p *page) say(text string) { p.add(prose, text) }

// page has what happened, and what is to be done, before all details.
func (w *writer) page(m *Message) page {
	p := page{title: m.Subject, link: m.Links.Page}
	for _, e := range m.Events { // the title has the end of what was told, and a change is listed below
		if e == news.Conflict || e == news.Attention {
			if e != m.Event {
				p.say(sentence(w.brief(m, e)))
			}
		}
	}
	p.say(m.Hint)
	p.say(m.Next)
	if utf8.RuneCountInString(m.Error) > shortText { // else the title has it
		p.add(heading, "Why it failed")
		p.say(m.Error)
	}
	w.sayGuards(&p, m)
	w.sayPeople(&p, m)
	w.sayChanges(&p, m)
	w.sayMissed(&p, m)
	p.add(heading, "Run")
	p.add(fact, "Account: "+m.Account)
	p.add(fact, "Directory: "+m.Directory)
	if m.Run.RunID != "" {
		run := m.Run.RunID + ", started " + phrase.Minute(m.Run.Started) + " UTC"
		if made := strings.TrimSpace(m.Run.Command + " by " + m.Run.By); m.Run.By != "" {
			run += ", " + made
		}
		p.add(fact, "Run: "+run)
		if w.run.Err == nil {
			p.add(fact, "All of it: "+printed.Command(w.run.Flags, "history", m.Run.RunID))
		}
	}
	return p
}

func (w *writer) sayGuards(p *page, m *Message) {
	if len(m.Guards) == 0 {
		return
	}
	p.add(heading, "Held")
	for i := range m.Guards {
		g := &m.Guards[i]
		text := g.Text
		if g.Since != "" {
			text += ". Held since " + phrase.Minute(g.Since) + " UTC"
		}
		if len(g.Names) > 0 {
			text += ". Concerned: " + w.line(strings.Join(g.Names, ", "))
			if len(g.Names) < g.Affected {
				text += " and others"
			}
		}
		p.add(item, text)
		if g.Remedy != "" && !report.IsCommand(g.Remedy) {
			p.say("No approval lifts this. What ends it: " + w.cut(g.Remedy, longText))
			continue
		}
		p.add(command, w.line(g.Command))
		p.add(command, w.line(g.Remedy))
	}
	if m.ApproveAll != "" {
		p.add(item, "All of it at once:")
		p.add(command, w.line(m.ApproveAll))
	}
}

func (w *writer) sayPeople(p *page, m *Message) {
	if m.PeopleTotal == 0 {
		return
	}
	p.add(heading, fmt.Sprintf("Who needs somebody (%s)", phrase.Count(m.PeopleTotal)))
	for i := range m.People {
		who := &m.People[i]
		text := w.line(phrase.Name(who.Username, who.SourceID)) + ": " + who.Reason
		if who.Since != "" {
			text += " (since " + phrase.Minute(who.Since) + " UTC)"
		}
		p.add(item, text)
		p.add(command, w.line(who.Remedy))
	}
	if more := m.PeopleTotal - len(m.People); more > 0 {
		p.add(item, "and "+phrase.Count(more)+" more")
	}
}

func (w *writer) sayChanges(p *page, m *Message) {
	if len(m.Changes) == 0 {
		return
	}
	p.add(heading, "What was done")
	for _, c := range m.Changes {
		var who []string
		for _, o := range w.run.Operations {
			if o.Result == dirsync.ResultApplied && o.Action == c.Action && len(who) < mostPeople {
				who = append(who, w.line(phrase.Name(o.Username, o.Source)))
			}
		}
		text := changed([]Change{c}) + ": " + strings.Join(who, ", ")
		_, text, _ = strings.Cut(text, ": ")
		if more := c.Count - len(who); more > 0 {
			text += " and " + phrase.Count(more) + " more"
		}
		p.add(item, text)
	}
}

// sayMissed tells what earlier runs have done and nobody could be told.
func (w *writer) sayMissed(p *page, m *Message) {
	if m.Missed == nil {
		return
	}
	p.add(heading, "Done by earlier runs, which could not be told")
	p.add(item, sentence(changed(m.Missed.Changes)+", by "+phrase.Plural(m.Missed.Runs, "run")+" since "+phrase.Minute(m.Missed.Since)+" UTC"))
	p.add(command, printed.Command(w.run.Flags, "history"))
}

// sentence makes a line one, or several; "" stays.
func sentence(text string) string {
	if text = strings.TrimSpace(text); text == "" {
		return ""
	}
	if r, size := utf8.DecodeRuneInString(text); !strings.HasPrefix(text, "duosync") { // which is written so
		text = string(unicode.ToUpper(r)) + text[size:]
	}
	if strings.ContainsRune(".!?…:", []rune(text)[utf8.RuneCountInString(text)-1]) {
		return text
	}
	return text + "."
}

// text is the page for a mail or a ticket, without markup.
func (p *page) text() string {
	var b strings.Builder
	b.WriteString(p.title + "\n")
	before := fact
	for _, x := range p.blocks {
		if x.kind == heading || x.kind == prose || before == prose || before == heading && x.kind != fact && x.kind != item {
			b.WriteByte('\n')
		}
		switch x.kind {
		case heading:
			b.WriteString(strings.ToUpper(x.text))
		case item:
			b.WriteString("  - " + x.text)
		case command:
			b.WriteString("      " + x.text)
		case fact:
			b.WriteString("  " + x.text)
		default:
			b.WriteString(x.text)
		}
		b.WriteByte('\n')
		before = x.kind
	}
	if p.link != "" {
		b.WriteString("\n" + p.link + "\n")
	}
	return b.String()
}
