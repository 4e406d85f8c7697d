package pages

import (
	"io"
	"regexp"
	"strings"
)

// Settings are the effective configuration, as duosync config show prints it.
type Settings struct {
	File    string
	Text    string
	Command string // that prints it
}

type settingsBody struct {
	*Settings
	Sections []settingsSection
}

type settingsSection struct {
	Name  string
	Lines []settingsLine
}

// settingsLine is a line, with where its value comes from.
type settingsLine struct {
	Text, From string
	Set        bool // it is not what duosync has where nothing is said
}

var commented = regexp.MustCompile(`^(.*?)\s+# (\S.*)$`)

// ShowSettings writes them.
func (s *Site) ShowSettings(w io.Writer, x *Settings) error {
	b := &settingsBody{Settings: x}
	for line := range strings.Lines(x.Text) {
		line = strings.TrimRight(line, "\n")
		l := settingsLine{Text: line}
		if m := commented.FindStringSubmatch(line); m != nil {
			l.Text, l.From = m[1], m[2]
		}
		l.Set = l.From != "" && l.From != "default" && !strings.HasPrefix(l.From, "preset ")
		if name, top := strings.CutSuffix(strings.TrimSpace(l.Text), ":"); top && !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-") {
			b.Sections = append(b.Sections, settingsSection{Name: name})
			continue
		}
		if len(b.Sections) == 0 || !strings.HasPrefix(line, " ") && !strings.HasPrefix(line, "-") {
			b.Sections = append(b.Sections, settingsSection{Name: strings.SplitN(l.Text, ":", 2)[0]})
		}
		last := &b.Sections[len(b.Sections)-1]
		last.Lines = append(last.Lines, l)
	}
	return s.write(w, "settings", "Settings", SettingsPath, b)
}
