package message

import (
	_ "embed"
	"html/template"
	"strings"
)

//go:embed mail.html
var mailHTML string

// HTML is the message as a page that needs nothing else: no script, no picture, nothing
// from the network, and each style where it is used, as programs for mail want it.
func (m *Message) HTML() (string, error) {
	t, err := template.New("mail").Parse(mailHTML)
	if err != nil {
		return "", err
	}
	type row struct{ Kind, Text string }
	page := struct {
		Title, Tone, Link string
		Rows              []row
	}{m.page.title, "#1a6b35", m.page.link, nil}
	switch m.color() {
	case "Attention":
		page.Tone = "#b3261e"
	case "Warning":
		page.Tone = "#7d4e00"
	}
	names := map[kind]string{prose: "prose", heading: "heading", item: "item", command: "command", fact: "fact"}
	for _, x := range m.page.blocks {
		page.Rows = append(page.Rows, row{names[x.kind], x.text})
	}
	var b strings.Builder
	err = t.Execute(&b, page)
	return b.String(), err
}
