package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// NoTotal is the total of a list whose answers do not tell it.
const NoTotal = -1

// eachPage reads a list page by page and gives visit every item. It fails as a
// whole: nil means that the last page was reached, the one whose next_offset is
// null or absent. An error from visit ends it and is returned as it is. total is
// the last total_objects that Duo told, or NoTotal.
func eachPage[T any](ctx context.Context, c *Client, path string, limit int, visit func(T) error) (total int, err error) {
	total = NoTotal
	offset := int64(0)
	for {
		items, r, err := getList[T](ctx, c, path, map[string]string{
			"limit":  strconv.Itoa(limit),
			"offset": strconv.FormatInt(offset, 10),
		})
		if err != nil {
			return total, err
		}
		if all := r.Metadata.TotalObjects; all.set {
			total = int(all.value)
		}
		for _, item := range items {
			if err := visit(item); err != nil {
				return total, err
			}
		}
		next := r.Metadata.NextOffset
		if !next.set {
			return total, nil
		}
		if next.value <= offset || len(items) == 0 {
			return total, strange(http.MethodGet, path, fmt.Sprintf(
				"a list that does not go on: %d items at offset %d, next offset %d", len(items), offset, next.value))
		}
		offset = next.value
	}
}

// count asks for one item of a list and returns the total, or NoTotal.
func (c *Client) count(ctx context.Context, path string) (int, error) {
	_, r, err := getList[json.RawMessage](ctx, c, path, map[string]string{"limit": "1", "offset": "0"})
	if err != nil {
		return NoTotal, err
	}
	if !r.Metadata.TotalObjects.set {
		return NoTotal, nil
	}
	return int(r.Metadata.TotalObjects.value), nil
}

// getList makes one call that answers a list.
func getList[T any](ctx context.Context, c *Client, path string, params map[string]string) ([]T, *reply, error) {
	r, err := c.do(ctx, request{method: http.MethodGet, path: path, params: params})
	if err != nil {
		return nil, nil, err
	}
	var items []T
	if err := json.Unmarshal(r.Response, &items); err != nil {
		return nil, nil, strange(http.MethodGet, path, "a list that cannot be read: "+Tidy(err.Error()))
	}
	if items == nil {
		return nil, nil, strange(http.MethodGet, path, "null in place of a list")
	}
	return items, r, nil
}

// strange is a success whose content is not what was asked for.
func strange(method, path, message string) *Error {
	return &Error{Op: method + " " + path, Kind: ErrNotDuo, HTTP: http.StatusOK, Message: message, Sent: true}
}
