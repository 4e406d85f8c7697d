// Package flight keeps several tasks under way at once, and lets what they ask of their
// caller be done by the caller's own goroutine, one at a time.
package flight

// Core does what tasks ask of the goroutine that runs them.
type Core struct{ asked chan func() }

// Do has do done by the goroutine that runs the tasks, and waits for it. Only a task may
// ask, and not from within do.
func (c *Core) Do(do func()) {
	done := make(chan struct{})
	c.asked <- func() {
		defer close(done)
		do()
	}
	<-done
}

// Run runs tasks, in their order, at most so many at once, and ends when all that it began
// have ended. After the first error it begins no more, and returns that.
func Run(most int, tasks []func(*Core) error) error {
	core := &Core{asked: make(chan func())}
	ended := make(chan error)
	var failed error
	for next, running := 0, 0; running > 0 || failed == nil && next < len(tasks); {
		for ; failed == nil && next < len(tasks) && running < max(most, 1); next++ {
			running++
			go func(task func(*Core) error) { ended <- task(core) }(tasks[next])
		}
		select {
		case do := <-core.asked:
			do()
		case err := <-ended:
			running--
			if failed == nil {
				failed = err
			}
		}
	}
	return failed
}
