package statusline

import (
	"fmt"
	"math"
	"time"
)

// recent is how far back the present rate is taken from, at most twice as far.
const recent = 30 * time.Second

// settled is how long a rate must be watched before anything is said of it.
const settled = 2 * time.Second

// pace is how fast something goes at present.
type pace struct{ before, from, last point }

type point struct {
	at   time.Time
	done int
}

func (p *pace) note(at time.Time, done int) {
	p.last = point{at, done}
	switch {
	case p.from.at.IsZero():
		p.before, p.from = p.last, p.last
	case at.Sub(p.from.at) >= recent:
		p.before, p.from = p.from, p.last
	}
}

// words says how long so many more take, or nothing where that can't be told yet.
func (p *pace) words(left int) string {
	took, done := p.last.at.Sub(p.before.at), p.last.done-p.before.done
	if took < settled || done <= 0 {
		return ""
	}
	minutes := int(math.Round(took.Minutes() / float64(done) * float64(left)))
	switch {
	case minutes < 1:
		return ", less than a minute at this rate"
	case minutes == 1:
		return ", about a minute at this rate"
	case minutes < 120:
		return fmt.Sprintf(", about %d minutes at this rate", minutes)
	}
	return fmt.Sprintf(", about %d hours at this rate", (minutes+30)/60)
}
