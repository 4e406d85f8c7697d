// Package explain finds all out about one user: why it is in or out, what Duo holds,
// what the next run does, and what past runs did.
package explain

import (
	"context"
	"errors"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// User gives what is known of a user; nil where that is nothing. The error says
// why nobody is explained, or what could not be found out.
func User(ctx context.Context, loaded *config.Loaded, setup wire.Setup, user string, observer dirsync.Observer) (doc *explanation.Document, err error) {
	p, err := wire.Assemble(loaded, setup)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.ReadMore(append(loginAttributes(), mailAttribute)...); err != nil {
		return nil, err
	}
	m, err := past.Open(ctx, p.Config.State.DSN.Reveal())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	m.Flags = p.Flags
	if err := m.Check(ctx, p.Binding); err != nil {
		return nil, err
	}
	asked, err := newAsked(user, &p.Rules)
	if err != nil {
		return nil, err
	}
	e := &explainer{Parts: p, past: m, asked: asked, doc: explanation.New(user)}
	for _, warning := range m.Warnings() {
		e.doc.Warnings = append(e.doc.Warnings, printed.Runnable(warning, p.Flags))
	}
	if err := e.search(ctx, observer); err != nil {
		return nil, err
	}
	return e.answer(ctx)
}

// Unknown is what JSON has where nobody could be explained, and why.
func Unknown(user string, err error) *explanation.Document {
	doc := explanation.New(user)
	doc.Error = phrase.Error(err)
	return doc
}
