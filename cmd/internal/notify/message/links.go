package message

import (
	"net/url"
	"strings"

	"duosync/cmd/internal/notify/news"
	dirsync "duosync/sync"
)

// Links lead to the pages of a daemon; "" where notify.public_url is not set.
type Links struct {
	Console string `json:"console"`
	// Run is the page of the run; "" too where it is not in the history.
	Run string `json:"run"`
	// Page is the one of them all that the message is about: how things stand for a failure or
	// a hold, the person or all people who need somebody, or the run.
	Page string `json:"page"`
}

// linksOf gives the links of a message that has its people already.
func linksOf(public string, m *Message, skipped bool) Links {
	if public == "" {
		return Links{}
	}
	l := Links{Console: public, Page: public}
	if m.Run.RunID != "" && !skipped {
		l.Run = below(public, "runs", m.Run.RunID)
	}
	switch m.Event {
	case news.Failure, news.Held:
	case news.Conflict, news.Attention:
		l.Page = below(public, "people") + "?status=attention"
		if len(m.People) == 1 && m.PeopleTotal == 1 && m.People[0].Link != "" {
			l.Page = m.People[0].Link
		}
	default:
		if l.Run != "" {
			l.Page = l.Run
		}
	}
	return l
}

// personLink leads to the page of a person; "" where there is none.
func personLink(public string, id dirsync.SourceID) string {
	if public == "" || id == "" {
		return ""
	}
	return below(public, "people", string(id))
}

// below gives the address of a page below another one.
func below(public string, parts ...string) string {
	at := strings.TrimRight(public, "/")
	for _, part := range parts {
		if part == "." || part == ".." { // a browser would take them for folders
			part = strings.ReplaceAll(part, ".", "%2E")
		} else {
			part = url.PathEscape(part)
		}
		at += "/" + part
	}
	return at
}
