package form

import (
	"bufio"
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageHTML string

// writeHTML renders a page as one file that needs nothing else: no script, no
// picture, nothing from the network. html/template escapes every text.
func writeHTML(w io.Writer, pg *Page) error {
	t, err := template.New("page").Funcs(template.FuncMap{"heading": heading, "clean": clean}).Parse(pageHTML)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w)
	if err := t.Execute(out, pg); err != nil {
		return err
	}
	return out.Flush()
}
