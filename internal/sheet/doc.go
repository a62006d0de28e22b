// Package sheet lays decision tables out as Excel workbooks and reads them back, the same tables as rulecheck's CSV: every
// cell a text, the headings in Chinese above the keys that reading goes by, and a second sheet that says what belongs into
// each column. A workbook comes from outside, so it is measured before it is opened: nothing is unpacked to disk, no macro,
// formula or link is followed. What a table means is rulecheck's; README.md says what a workbook may be.
package sheet
