package casework

import (
	"slices"
	"strconv"
	"sync"

	"zutuan/internal/match"
	"zutuan/internal/ruleexpr"
	"zutuan/internal/rulepack"
)

// maxCatalogues bounds how many lists of products stay laid out: the days of one year on which something begins or ends,
// and a few lists that somebody asked for by name.
const maxCatalogues = 32

// catalogues keeps products laid out for matching, by the list of their versions: laying 300 out takes as long as asking
// many of them. The zero value is ready; it is safe for concurrent use.
type catalogues struct {
	mutex  sync.Mutex
	byList map[string]laidOut
}

// laidOut is a list with its catalogue. The list is compared too, because a draft may stand in for a version of the same
// number.
type laidOut struct {
	products  []*rulepack.Product
	catalogue *match.Catalogue
}

func (c *catalogues) of(vocabulary *ruleexpr.Vocabulary, products []*rulepack.Product) *match.Catalogue {
	var key []byte
	for _, product := range products {
		key = append(strconv.AppendInt(append(append(key, product.ID...), '@'), int64(product.Version), 10), ' ')
	}
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if known, ok := c.byList[string(key)]; ok && slices.Equal(known.products, products) {
		return known.catalogue
	}
	if c.byList == nil || len(c.byList) >= maxCatalogues {
		c.byList = map[string]laidOut{}
	}
	catalogue := match.NewCatalogue(vocabulary, products)
	c.byList[string(key)] = laidOut{products, catalogue}
	return catalogue
}
