package impact

import (
	"container/list"
	"sync"
)

// Cache keeps the most recently used values by a key, which is the hash of everything that a value was made from: a prepared
// need of a requirement, ledger, fiscal profile, rules and day costs half a millisecond to make and about 20 kB to keep. It
// is safe for concurrent use.
type Cache[V any] struct {
	lock    sync.Mutex
	limit   int
	recent  *list.List // of cached[V], the most recent in front
	entries map[string]*list.Element
}

type cached[V any] struct {
	key   string
	value V
}

// NewCache returns a cache of so many values.
func NewCache[V any](limit int) *Cache[V] {
	return &Cache[V]{limit: max(limit, 1), recent: list.New(), entries: map[string]*list.Element{}}
}

// Get returns the value of a key, or makes and keeps it. Two callers that ask for one key at once may both make it; as the
// key names everything it is made from, both make the same. An error is not kept.
func (c *Cache[V]) Get(key string, make func() (V, error)) (V, error) {
	if value, known := c.look(key); known {
		return value, nil
	}
	value, err := make()
	if err != nil {
		return value, err
	}
	c.lock.Lock()
	defer c.lock.Unlock()
	if element, known := c.entries[key]; known {
		return element.Value.(cached[V]).value, nil
	}
	c.entries[key] = c.recent.PushFront(cached[V]{key, value})
	for c.recent.Len() > c.limit {
		last := c.recent.Back()
		delete(c.entries, c.recent.Remove(last).(cached[V]).key)
	}
	return value, nil
}

func (c *Cache[V]) look(key string) (value V, known bool) {
	c.lock.Lock()
	defer c.lock.Unlock()
	element, known := c.entries[key]
	if known {
		c.recent.MoveToFront(element)
		value = element.Value.(cached[V]).value
	}
	return value, known
}

// Len returns how many values are kept.
func (c *Cache[V]) Len() int {
	c.lock.Lock()
	defer c.lock.Unlock()
	return c.recent.Len()
}
