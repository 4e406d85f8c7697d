package phrase

import (
	"fmt"
	"strings"
	"time"
)

// Stamp gives a time as documents keep it: RFC 3339, in UTC; "" for none.
func Stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// Minute shows a time that [Stamp] gave to the minute, in UTC; one that is none is
// shown as it is.
func Minute(stamp string) string {
	t, err := time.Parse(time.RFC3339, stamp)
	if err != nil {
		return stamp
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// ShortTime shows a time to the minute, and says that it is in UTC.
func ShortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Seconds shows so many seconds, without parts that are nought.
func Seconds(n int) string {
	text := (time.Duration(n) * time.Second).String()
	if whole, ok := strings.CutSuffix(text, "m0s"); ok {
		text = whole + "m"
	}
	if whole, ok := strings.CutSuffix(text, "h0m"); ok {
		text = whole + "h"
	}
	return text
}

// Span is a length of time as one says it: the two largest units at most.
func Span(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%ds", int(d.Seconds()))
}
