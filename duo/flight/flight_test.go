package flight_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"duosync/duo/flight"
)

func TestRun(t *testing.T) {
	for name, most := range map[string]int{"one at a time": 1, "none is one": 0, "three at once": 3, "more than there are": 99} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var began, heard []int // by the caller's goroutine alone: the race detector looks on
				running, widest := 0, 0
				tasks := make([]func(*flight.Core) error, 10)
				for i := range tasks {
					tasks[i] = func(core *flight.Core) error {
						core.Do(func() {
							began = append(began, i)
							running++
							widest = max(widest, running)
						})
						time.Sleep(time.Duration(1+i%3) * time.Second)
						core.Do(func() { heard = append(heard, i); running-- })
						return nil
					}
				}
				if err := flight.Run(most, tasks); err != nil {
					t.Fatal(err)
				}
				if want := min(max(most, 1), len(tasks)); widest != want {
					t.Errorf("%d at once, want %d", widest, want)
				}
				if len(began) != 10 || len(heard) != 10 || most == 1 && !slices.IsSorted(began) {
					t.Errorf("began %v, heard of %v", began, heard)
				}
			})
		})
	}
}

func TestTheFirstErrorEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		var ended []int
		tasks := make([]func(*flight.Core) error, 10)
		for i := range tasks {
			tasks[i] = func(core *flight.Core) error {
				time.Sleep(time.Duration(10-i) * time.Second)
				core.Do(func() { ended = append(ended, i) }) // what is under way is heard out
				if i == 2 {
					return broken
				}
				return nil
			}
		}
		if err := flight.Run(3, tasks); !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		if !slices.Equal(ended, []int{2, 1, 0}) {
			t.Errorf("ended: %v, and no other should have begun", ended)
		}
	})
}
