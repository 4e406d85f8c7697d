package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/spf13/pflag"

	"duosync/cmd/internal/cli/commandline"
	"duosync/cmd/internal/cli/statusline"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wholefile"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// formOptions say in which form something is written, and where to.
type formOptions struct {
	format, output string
	quiet, verbose bool
	only           []form.Format // that there are; none: all
}

// takenForms is what notes at a flag which forms it takes.
const takenForms = "duosync_forms"

// addFlags adds them for what the command calls its result, in some forms or all.
func (o *formOptions) addFlags(f *pflag.FlagSet, result string, only ...form.Format) {
	formats := form.Formats()
	if o.only = only; len(only) > 0 {
		formats = only
	}
	f.StringVar(&o.format, "format", "", fmt.Sprintf("`FORM` of the %s: %v (default: by the ending of --output, else table)", result, formats))
	var words []string
	for _, format := range formats {
		words = append(words, string(format))
	}
	_ = f.SetAnnotation("format", takenForms, words) // it fails only for a flag that is not there
	f.StringVar(&o.output, "output", "", fmt.Sprintf("write the %s to this `FILE`", result))
	f.BoolVarP(&o.quiet, "quiet", "q", false, fmt.Sprintf("no progress, and of the table no more than the line that sums up the %s", result))
}

// addVerbose adds --verbose, for what the table has only where it is asked for.
func (o *formOptions) addVerbose(f *pflag.FlagSet, more string) {
	f.BoolVarP(&o.verbose, "verbose", "v", false, more)
}

// parse settles the form: what --format says, else what the ending of --output tells.
func (o *formOptions) parse() (form.Format, error) {
	if o.format == "" {
		o.format = string(form.Table)
		if told := form.OfFile(o.output); told != "" && (len(o.only) == 0 || slices.Contains(o.only, told)) {
			o.format = string(told)
		}
	}
	format, ok := form.Parse(o.format, o.only...)
	if ok {
		return format, nil
	}
	var names []string
	for _, format := range form.Formats() {
		if len(o.only) == 0 || slices.Contains(o.only, format) {
			names = append(names, string(format))
		}
	}
	return "", fmt.Errorf("--format: %w", commandline.Unknown("format", o.format, names))
}

// json reports whether there is to be an object in any case, once the form was parsed.
func (o *formOptions) json() bool { return o.format == string(form.JSON) }

// wants reports whether the report of a run is to be written. Where one failed before
// it did anything, the message on stderr says it all.
func (o *formOptions) wants(run *dirsync.Run) bool {
	return run.Err == nil || len(run.Operations) > 0 || o.json() || o.output != ""
}

// job is what a command works with.
type job struct {
	*config.Loaded
	wire.Setup
	line *statusline.Line // is told how far the work is
}

// work gives what a command has found, beside an error, too; nil: nothing.
type work func(context.Context, *job) (form.Renderer, error)

// show does the work of a command, and writes what it gives. Where that is nothing, JSON
// has what failed makes of the error; nil: nothing.
func (a *app) show(ctx context.Context, opts formOptions, failed func(error) form.Renderer, do work) error {
	var j job
	return a.present(opts, failed, func() (err error) {
		if j.Loaded, err = a.load(); err != nil {
			return err
		}
		j.Setup, err = a.setup()
		return err
	}, func(line *statusline.Line) (form.Renderer, error) {
		j.line = line
		return do(ctx, &j)
	})
}

// present does the same, once begin has found what the work needs.
func (a *app) present(opts formOptions, failed func(error) form.Renderer, begin func() error, do func(*statusline.Line) (form.Renderer, error)) error {
	format, err := opts.parse()
	if err != nil {
		return err
	}
	if err := begin(); err != nil {
		return err
	}
	out, err := a.output(opts.output)
	if err != nil {
		return err
	}
	line := a.statusLine()
	if opts.quiet {
		line = statusline.New(nil)
	}
	doc, err := do(line)
	line.Close()
	if doc == nil && format == form.JSON && failed != nil {
		doc = failed(dirsync.WithHint(errors.New(printed.Runnable(err.Error(), a.flags)), printed.Runnable(dirsync.Hint(err), a.flags)))
	}
	return errors.Join(err, a.write(out, doc, format, opts.quiet))
}

// write renders a document, nil: none, and closes what it is written to.
func (a *app) write(out io.WriteCloser, doc form.Renderer, format form.Format, quiet bool) (err error) {
	if doc != nil {
		look := form.Look{}
		if _, standard := out.(stream); standard {
			look = a.look()
		}
		look.Brief = quiet
		err = doc.Write(out, format, look)
	}
	return errors.Join(err, out.Close())
}

// problem is the object that JSON has in place of what could not be found.
func problem(err error) form.Renderer { return &form.Problem{Error: phrase.Error(err)} }

// list reads the state and shows what read makes of it. In JSON there is an object also
// where that fails, as failed gives it. It needs nothing else of the configuration.
func (a *app) list(ctx context.Context, opts formOptions, failed func(error) form.Renderer,
	read func(context.Context, *spot, *past.Moment) (form.Renderer, error)) error {
	if _, err := opts.parse(); err != nil { // the ending of --output may tell the format
		return err
	}
	var at *spot
	return a.present(opts, failed, func() (err error) {
		at, err = a.spot()
		return err
	}, func(*statusline.Line) (doc form.Renderer, err error) {
		defer func() {
			if err != nil && opts.json() {
				doc = nil
			}
		}()
		m, err := past.Open(ctx, at.DSN)
		if err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		m.Flags = a.flags
		return read(ctx, at, m)
	})
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
