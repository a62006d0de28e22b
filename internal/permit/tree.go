package permit

import "slices"

// Tree is the tree of regions: country → province → city or county → zone. It does not change after it was made.
type Tree struct {
	parent map[string]string
	// children are sorted by id.
	children map[string][]string
}

// NewTree makes a tree out of each region's parent; a region without one is a root. A region whose parents go in a
// circle is within itself alone.
func NewTree(parent map[string]string) *Tree {
	t := &Tree{parent: map[string]string{}, children: map[string][]string{}}
	for region, above := range parent {
		t.parent[region] = above
		t.children[above] = append(t.children[above], region)
	}
	for _, list := range t.children {
		slices.Sort(list)
	}
	return t
}

// maxDepth bounds a walk upwards, so that a circle ends.
const maxDepth = 16

// Has reports whether the region exists.
func (t *Tree) Has(region string) bool {
	_, ok := t.parent[region]
	return ok
}

// Parent returns the region above, empty for a root and for what does not exist.
func (t *Tree) Parent(region string) string { return t.parent[region] }

// Within reports whether a region is another one or lies below it.
func (t *Tree) Within(region, above string) bool {
	if t == nil {
		return region == above
	}
	for step := 0; region != "" && step < maxDepth; step++ {
		if region == above {
			return true
		}
		region = t.parent[region]
	}
	return false
}

// Subtree returns a region and everything below it, the region first and the rest by level and id.
func (t *Tree) Subtree(region string) []string {
	if t == nil || !t.Has(region) {
		return nil
	}
	found, seen := []string{region}, map[string]bool{region: true}
	for next := 0; next < len(found); next++ {
		for _, child := range t.children[found[next]] {
			if !seen[child] {
				seen[child] = true
				found = append(found, child)
			}
		}
	}
	return found
}
