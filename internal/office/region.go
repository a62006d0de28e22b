package office

import (
	"context"
	"sync"
	"time"

	"zutuan/internal/funding"
	"zutuan/internal/permit"
	"zutuan/internal/refuse"
	"zutuan/internal/store"
)

// RegionLevels are the levels of the tree, from the top. City and county stand side by side: some zones lie in one, some
// in the other.
var RegionLevels = []string{"country", "province", "city", "county", "zone"}

// RegionBody is what a region is.
type RegionBody struct {
	Name funding.Text `json:"name"`
	// Parent is the id of the region above, empty for the country.
	Parent string `json:"parent,omitempty"`
	Level  string `json:"level"`
}

// Region is a place in the tree; its id is a code, GX or GX-PX.
type Region struct {
	Meta
	RegionBody
}

var regions = noun[RegionBody]{store.KindRegion, func(b *RegionBody) store.Fields {
	return store.Fields{"name": store.Text(b.Name.ZH), "parent": store.Text(b.Parent), "level": store.Text(b.Level)}
}}

// regionCache keeps the tree for as long as no region was written; other processes' writes are seen after a second.
type regionCache struct {
	mutex   sync.Mutex
	tree    *permit.Tree
	levels  map[string]string
	seq     int64
	checked time.Time
}

// cacheAge is how long this process may not know of another's write to the tree or to the rules.
const cacheAge = time.Second

// Tree is the tree of regions.
func (o *Office) Tree(ctx context.Context) (*permit.Tree, error) {
	tree, _, err := o.places(ctx)
	return tree, err
}

func (o *Office) places(ctx context.Context) (*permit.Tree, map[string]string, error) {
	c := &o.regions
	c.mutex.Lock()
	defer c.mutex.Unlock()
	now := o.clock()
	if c.tree != nil && now.Sub(c.checked) < cacheAge && !now.Before(c.checked) {
		return c.tree, c.levels, nil
	}
	// The end of the feed is found before the records are read: a write that falls between is found again next time.
	last, moved, err := o.newest(ctx, store.KindRegion, c.seq)
	if err != nil {
		return nil, nil, err
	}
	if c.tree != nil && !moved {
		c.checked = now
		return c.tree, c.levels, nil
	}
	parents, levels := map[string]string{}, map[string]string{}
	err = o.each(ctx, store.Query{Kind: store.KindRegion, WithoutBody: true}, func(r store.Record) error {
		parents[r.ID], levels[r.ID] = r.Fields["parent"].Text(), r.Fields["level"].Text()
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	c.tree, c.levels, c.seq, c.checked = permit.NewTree(parents), levels, last, now
	return c.tree, c.levels, nil
}

// forget drops the cached tree after a write of this process.
func (c *regionCache) forget() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.checked = time.Time{}
}

// ListRegions lists every region; the tree is small and no secret.
func (o *Office) ListRegions(ctx context.Context, actor permit.Actor, paging Paging) (Page[Region], error) {
	if err := allowed(actor, permit.OperationRegionRead); err != nil {
		return Page[Region]{}, err
	}
	page, err := o.store.List(ctx, store.Query{Kind: store.KindRegion, Limit: paging.Limit, After: paging.After})
	return pageOf(page, err, regionView)
}

func regionView(r store.Record) (Region, error) {
	body, err := bodyOf[RegionBody](r)
	return Region{metaOf(r), body}, err
}

// GetRegion reads one region.
func (o *Office) GetRegion(ctx context.Context, actor permit.Actor, id string) (Region, error) {
	if err := allowed(actor, permit.OperationRegionRead); err != nil {
		return Region{}, err
	}
	record, body, err := regions.get(ctx, o, id)
	return Region{metaOf(record), body}, err
}

// RegionTrail is the audit trail of a region; the tree is no secret, and neither is who changed it.
func (o *Office) RegionTrail(ctx context.Context, actor permit.Actor, id string) ([]TrailEntry, error) {
	if err := allowed(actor, permit.OperationRegionRead); err != nil {
		return nil, err
	}
	return o.trail(ctx, store.KindRegion, id)
}

// CreateRegion adds a place to the tree.
func (o *Office) CreateRegion(ctx context.Context, actor permit.Actor, id string, body RegionBody) (Region, error) {
	if err := allowed(actor, permit.OperationRegionWrite); err != nil {
		return Region{}, err
	}
	if err := o.checkRegion(ctx, id, &body); err != nil {
		return Region{}, err
	}
	record, err := regions.create(ctx, o, id, id, &body, store.Change{Who: who(actor), Action: "create"})
	o.regions.forget()
	return Region{metaOf(record), body}, err
}

// UpdateRegion renames or moves a place.
func (o *Office) UpdateRegion(ctx context.Context, actor permit.Actor, id string, expected int64, body RegionBody) (Region, error) {
	if err := allowed(actor, permit.OperationRegionWrite); err != nil {
		return Region{}, err
	}
	if err := conditional(expected); err != nil {
		return Region{}, err
	}
	if err := o.checkRegion(ctx, id, &body); err != nil {
		return Region{}, err
	}
	record, body, err := regions.update(ctx, o, id, expected, store.Change{Who: who(actor), Action: "update"}, func(_ store.Record, kept *RegionBody) error {
		*kept = body
		return nil
	})
	o.regions.forget()
	return Region{metaOf(record), body}, err
}

// checkRegion refuses a place that hangs nowhere, hangs below itself, or does not lie below a higher level.
func (o *Office) checkRegion(ctx context.Context, id string, body *RegionBody) error {
	tree, levels, err := o.places(ctx)
	if err != nil {
		return err
	}
	refused := refuse.New(refuse.KindInvalid, "region", "地区信息有误", "the region has mistakes")
	add := func(pointer, zh, en string) {
		refused.With(refuse.Point{Code: "region", Pointer: pointer, ZH: zh, EN: en})
	}
	if body.Name.ZH == "" {
		add("/name/zh", "请填写地区的中文名称", "give the region's Chinese name")
	}
	rank := rankOf(body.Level)
	switch {
	case rank < 0:
		add("/level", "级别应为 country、province、city、county 或 zone", "the level is country, province, city, county or zone")
	case body.Parent == "" && body.Level != "country":
		add("/parent", "请填写上级地区", "give the region above")
	case body.Parent != "" && !tree.Has(body.Parent):
		add("/parent", "没有地区 "+body.Parent, "there is no region "+body.Parent)
	case body.Parent != "" && tree.Within(body.Parent, id):
		add("/parent", "上级地区不能是本地区或其下级", "the region above cannot be the region itself or lie below it")
	case body.Parent != "" && rankOf(levels[body.Parent]) >= rank:
		add("/parent", "上级地区的级别应高于本地区", "the region above must be of a higher level")
	}
	if len(refused.Points) > 0 {
		return refused
	}
	return nil
}

func rankOf(level string) int {
	for i, known := range RegionLevels {
		if known == level {
			return i
		}
	}
	return -1
}
