package callrate_test

import (
	"testing"
	"time"

	"duosync/duo/callrate"
)

func TestRateText(t *testing.T) {
	tests := map[string]callrate.Rate{
		"auto":     {},
		"50/1m":    {Calls: 50, Per: time.Minute},
		"1/1h30m":  {Calls: 1, Per: 90 * time.Minute},
		"7/10s":    {Calls: 7, Per: 10 * time.Second},
		"3/1h0m5s": {Calls: 3, Per: time.Hour + 5*time.Second},
		"9/24h":    {Calls: 9, Per: 24 * time.Hour},
	}
	for text, want := range tests {
		var got callrate.Rate
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
		if want.String() != text {
			t.Errorf("%+v comes back as %s", want, want)
		}
	}
	for _, text := range []string{"", "Auto", "50", "50/", "/1m", "0/1m", "-1/1m", "5/0s", "5/-1s", "1.5/1m", "5/1m/1m", "5 / 1m"} {
		var r callrate.Rate
		if err := r.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken for %v", text, r)
		}
	}
}

// FuzzRate holds that a rate allows something, and reads back as it is shown.
func FuzzRate(f *testing.F) {
	for _, text := range []string{"auto", "50/1m", "1/1ns", "5000/1s", "1/2562047h47m16.854775807s", "7/1h0m30s", "3/1.5us", "0/1s", "1/0s", "-1/-1s", "1/1m/1s", "+5/1m"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var rate callrate.Rate
		if rate.UnmarshalText([]byte(text)) != nil {
			return
		}
		if !rate.Auto() && (rate.Calls < 1 || rate.Per <= 0) {
			t.Fatalf("%q allows nothing: %+v", text, rate)
		}
		var again callrate.Rate
		if err := again.UnmarshalText([]byte(rate.String())); err != nil || again != rate {
			t.Fatalf("%q is %+v, shown as %q, which is %+v, %v", text, rate, rate, again, err)
		}
	})
}
