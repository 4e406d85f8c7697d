package report

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html
var pageHTML string

// writeHTML renders a page as one file that needs nothing else: no script, no
// picture, nothing from the network. html/template escapes every text.
func writeHTML(w io.Writer, pg *page) error {
	t, err := template.New("page").Funcs(template.FuncMap{"heading": heading, "clean": clean}).Parse(pageHTML)
	if err != nil {
		return err
	}
	return t.Execute(w, htmlPage(pg))
}

// The page as the template sees it.
type (
	pageView struct {
		Title  string
		Tone   string
		Facts  []factView
		Blocks []blockView
	}
	factView  struct{ Name, Text string }
	blockView struct {
		Title   string
		Paras   []paraView
		Columns []string
		Rows    []rowView
	}
	paraView struct {
		Kind, Tone, Text string
	}
	rowView struct {
		Tone  string
		Cells []cellView
	}
	cellView struct{ Column, Text string }
)

func htmlPage(pg *page) pageView {
	tones := [...]string{plain: "plain", good: "good", change: "change", bad: "bad", conflicting: "conflict", strong: "strong"}
	kinds := [...]string{prose: "prose", item: "item", command: "command"}
	v := pageView{Title: pg.title, Tone: tones[pg.tone]}
	for _, f := range pg.facts {
		v.Facts = append(v.Facts, factView{f.name, f.text})
	}
	for _, b := range pg.blocks {
		block := blockView{Title: b.title}
		for _, p := range b.paras {
			block.Paras = append(block.Paras, paraView{kinds[p.kind], tones[p.tone], p.text})
		}
		if b.list != nil {
			block.Columns = b.list.columns
			for _, r := range b.list.rows {
				line := rowView{Tone: tones[r.tone]}
				for i, cell := range r.cells {
					line.Cells = append(line.Cells, cellView{b.list.columns[i], cell})
				}
				block.Rows = append(block.Rows, line)
			}
		}
		v.Blocks = append(v.Blocks, block)
	}
	return v
}
