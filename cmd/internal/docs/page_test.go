// Package docs_test holds README and docs/ against the program: links, commands, keys of
// the configuration, examples, words and messages. scenes_test.go runs the commands of
// each page, as its reader would.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

//go:generate go test -run TestMessages|TestMetrics -update .

const top = "../../.."

// page is a page of the documentation.
type page struct {
	path    string // from the top
	text    string
	lines   []line
	blocks  []*block
	anchors map[string]bool
}

// line is a line outside of blocks.
type line struct {
	number int
	text   string
}

// block is a fenced block.
type block struct {
	number int      // of its first line
	words  []string // behind the fence: the language first
	text   string
	before string // the last line of text before it
}

func (b *block) language() string { return strings.Join(b.words, " ") }

// readPages reads README, those for contributors and all pages in docs/.
func readPages(t *testing.T) map[string]*page {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d pages, %v", len(paths), err)
	}
	paths = append(paths, filepath.Join(top, "README.md"), filepath.Join(top, ".github", "CONTRIBUTING.md"), filepath.Join(top, ".github", "SECURITY.md"))
	pages := map[string]*page{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name, err := filepath.Rel(top, path)
		if err != nil {
			t.Fatal(err)
		}
		pages[name] = readPage(t, name, string(data))
	}
	return pages
}

func readPage(t *testing.T, name, text string) *page {
	t.Helper()
	p := &page{path: name, text: text, anchors: map[string]bool{}}
	var open *block
	indent, before := "", ""
	for i, text := range strings.Split(text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimLeft(text, " "), "```")
		switch {
		case isFence && open == nil:
			open = &block{number: i + 2, words: strings.Fields(fence), before: before}
			indent = text[:strings.Index(text, "`")]
			if len(open.words) == 0 {
				t.Errorf("%s:%d: a block without a language", name, i+1)
			}
		case isFence:
			p.blocks, open = append(p.blocks, open), nil
		case open != nil:
			open.text += strings.TrimPrefix(text, indent) + "\n"
		default:
			p.lines = append(p.lines, line{i + 1, text})
			if strings.TrimSpace(text) != "" {
				before = text
			}
			if heading := strings.TrimLeft(text, "#"); strings.HasPrefix(text, "#") && strings.HasPrefix(heading, " ") {
				p.anchors[anchor(heading)] = true
			}
		}
	}
	if open != nil {
		t.Errorf("%s:%d: the block has no end", name, open.number)
	}
	return p
}

// anchor gives the anchor that a heading has on GitHub.
func anchor(heading string) string {
	heading = regexp.MustCompile(`\[([^]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, strings.TrimSpace(heading))
}

// spans gives the code spans of a line.
func spans(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, m[1])
	}
	return all
}
