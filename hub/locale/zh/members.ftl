# 自定义字段的值在自助终端上的显示。

field-yes = 是
field-no = 否
