package report

import (
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/operations"
	dirsync "duosync/sync"
)

// Operation is one operation of the plan and what became of it.
type Operation = operations.Operation

// Operations are those of a report, in their order.
type Operations = operations.List

// OperationOf gives an operation, see [operations.Of].
func OperationOf(o *dirsync.Op, result, problem string) Operation {
	return operations.Of(o, result, problem)
}

// ListOf gives operations that are in memory.
func ListOf(all ...Operation) Operations { return operations.ListOf(all...) }

// OperationsBlock lists operations by their actions, see [operations.Block].
func OperationsBlock(title string, all Operations) form.Block { return operations.Block(title, all) }

// Flow puts what is told of an operation into parts, see [operations.Flow].
func Flow(changes []string, reason, result string) []string {
	return operations.Flow(changes, reason, result)
}
