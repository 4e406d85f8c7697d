// Package page is the look of all that a browser shows: the style sheet, the frame of a page,
// and the pieces of which pages are made. It knows nothing of what they are about.
//
// A room that shows pages clones the pieces, adds a template "main" of its own that uses them,
// and writes a [Frame] whose Body is what "main" gets:
//
//	var templates = template.Must(page.Pieces().Parse(`
//	{{define "main"}}
//	{{template "status" .Status}}
//	{{template "stats" .Seats}}
//	<section class="panel"><div class="head"><h2>Waiting</h2><a href="/waiting">All</a></div>
//	{{template "table" .Waiting}}</section>
//	{{end}}`))
//
//	err := page.Write(w, templates, &page.Frame{Title: "In step · duosync", StyleHref: "/style.css", Nav: nav, Body: data})
//
// Each page of several has a set of its own, since each has its own "main": make them all at
// the start. The pieces, and what each gets:
//
//	frame    Frame          status  Status        facts   []Fact      stats  []Stat
//	table    Table          tag     Tag           command string      items  []string
//	message  Message        changes []FieldChange   change  FieldChange   empty  string
//	runs     Runs           chart   Chart         find    Find        pager  Pager
//	crumbs   []Link
//
// Texts are raw: html/template escapes them, and [Write] shows what could do harm otherwise
// (control characters, marks that turn the direction of text), wherever it comes from. In
// templates of one's own a name goes into <bdi>, and texts through "clean", which shows line
// ends as well. The classes of the style sheet are explained at its top. A policy for the
// header is in [Policy]; no piece has a style attribute, or asks anything of another host.
package page

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"
)

//go:embed style.css
var styleSource string

//go:embed pieces.html
var piecesSource string

// style is the style sheet without remarks and indentation.
var style = regexp.MustCompile(`(?s)/\*.*?\*/|\n\s*`).ReplaceAllString(styleSource, "") + "\n"

// Style gives the style sheet, for the address that a [Frame] names as its StyleHref.
func Style() string { return style }

// Pieces gives a set of templates with the frame and the pieces, to add "main" and others to.
func Pieces() *template.Template {
	return template.Must(template.New("page").Funcs(template.FuncMap{
		"clean": Clean, "heading": Heading, "way": way,
		"style": func() template.CSS { return template.CSS(style) },
	}).Parse(piecesSource))
}

// Frame is a page whole: what stands around the body, which goes to the template "main".
type Frame struct {
	Title string // of the window: the state first, then the page
	// Policy is a Content-Security-Policy within the page, for one that is a file; see [Policy].
	Policy string
	// StyleHref is where the style sheet is; "": it is within the page.
	StyleHref string
	Home      string // where the product's name leads; "": nowhere
	Where     []Fact // the account and the directory
	Nav       []Nav
	Message   *Message // that goes before the body of whatever page; nil: none
	Foot      []string
	Script    template.JS
	Body      any
}

// Nav is a page that can be gone to.
type Nav struct {
	Name, Href string
	Current    bool // it is the one that is shown
}

// Write writes a page. Whatever it is made of, no character gets out that a browser would act
// on instead of showing it.
func Write(w io.Writer, t *template.Template, f *Frame) error {
	return t.ExecuteTemplate(harmlessWriter{w}, "frame", f)
}

// Policy gives a Content-Security-Policy that lets a page have its style sheet and this script,
// "" for none, by their hashes, and nothing else.
func Policy(script template.JS) string {
	policy := "default-src 'none'; style-src " + hash(style)
	if script != "" {
		policy += "; script-src " + hash(string(script))
	}
	return policy + "; base-uri 'none'; form-action 'none'"
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Heading begins with a capital letter.
func Heading(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return strings.ToUpper(string(first)) + text[size:]
}

// way tells a browser to find out the direction of a text that has letters which are written
// from right to left.
func way(text string) template.HTMLAttr {
	if strings.ContainsFunc(text, rightToLeft) {
		return ` dir="auto"`
	}
	return ""
}

func rightToLeft(c rune) bool {
	return c >= 0x590 && (c <= 0x8ff || c >= 0xfb1d && c <= 0xfdff || c >= 0xfe70 && c <= 0xfeff || c >= 0x10800 && c <= 0x10fff || c >= 0x1e800 && c <= 0x1efff)
}
