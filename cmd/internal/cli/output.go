package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/pflag"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wholefile"
)

// formOptions say in which form something is written, and where to.
type formOptions struct{ format, output string }

// addFlags adds them for what the command calls its result.
func (o *formOptions) addFlags(f *pflag.FlagSet, result string) {
	f.StringVar(&o.format, "format", string(form.Table), fmt.Sprintf("`FORM` of the %s: %v", result, form.Formats()))
	f.StringVar(&o.output, "output", "", fmt.Sprintf("write the %s to this `FILE`", result))
}

// present writes what make gives, beside an error, too. In JSON there is an object in
// any case.
func (a *app) present(ctx context.Context, opts formOptions, make func(context.Context, *config.Loaded) (form.Renderer, error)) error {
	format, err := form.Parse(opts.format)
	if err != nil {
		return fmt.Errorf("--format: %w", err)
	}
	loaded, err := a.load()
	if err != nil {
		return err
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	doc, err := make(ctx, loaded)
	if doc == nil && format == form.JSON {
		doc = problem(err)
	}
	if doc != nil {
		err = errors.Join(err, doc.Write(out, format, opts.output == "" && a.colour(a.OutTerminal)))
	}
	return errors.Join(err, out.Close())
}

// whole reports whether a report is asked for also where the message on stderr says
// it all.
func (o *formOptions) whole() bool { return o.format == string(form.JSON) || o.output != "" }

// problem is the object that JSON has in place of what could not be found.
func problem(err error) form.Renderer { return &form.Problem{Error: phrase.Error(err)} }

// list reads the state and renders what show makes of it. In JSON there is an
// object also where that fails, as failed gives it.
func (a *app) list(ctx context.Context, opts formOptions, failed func(error) form.Renderer,
	show func(context.Context, *config.Config, *past.Moment) (form.Renderer, error)) error {
	return a.present(ctx, opts, func(ctx context.Context, loaded *config.Loaded) (form.Renderer, error) {
		doc, err := readPast(ctx, loaded, show)
		if err != nil && opts.format == string(form.JSON) {
			doc = failed(err)
		}
		return doc, err
	})
}

func readPast(ctx context.Context, loaded *config.Loaded,
	show func(context.Context, *config.Config, *past.Moment) (form.Renderer, error)) (doc form.Renderer, err error) {
	m, err := past.Open(ctx, loaded.Config.State.DSN.Reveal())
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	return show(ctx, &loaded.Config, m)
}

// known gives a document as one of any kind; nil stays nil.
func known[D any, P interface {
	*D
	form.Renderer
}](doc P, err error) (form.Renderer, error) {
	if doc == nil {
		return nil, err
	}
	return doc, err
}

// output opens what --output names, or standard output. A new file, or one that
// is there, appears whole or not at all; a new one is for its owner only, since
// reports name people.
func (a *app) output(path string) (io.WriteCloser, error) {
	if path == "" {
		return stream{a.Out}, nil
	}
	return wholefile.Create("--output", path, false)
}

type stream struct{ io.Writer }

func (stream) Close() error { return nil }
