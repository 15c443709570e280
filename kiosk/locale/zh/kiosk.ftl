# 顾客在自助终端上看到的全部文字。数字和日期已按语言格式化后传入。

language-name = 中文

attract-headline = 请轻触会员卡
attract-hint = 将会员卡平放在感应区，稍等片刻
attract-card = 会员卡
attract-no-reader = 读卡器没有连接
attract-no-store = 暂停服务
attract-call-staff = 请联系店员

identifying = 正在读取会员卡…

greeting-morning = { $name }，早上好
greeting-noon = { $name }，中午好
greeting-afternoon = { $name }，下午好
greeting-evening = { $name }，晚上好
greeting-nameless = 欢迎光临

points-label = 可用积分
points-unit = 积分
stat-next-tier = 距离{ $tier }
stat-top-tier = 会员等级
stat-top-tier-value = 最高
stat-expiring = { $days } 天内到期
stored-value = 储值余额 { $value }
stored-value-bonus = 储值余额 { $value }（含赠送 { $bonus }）
member-field = { $name }：{ $value }
debt-note = 您还欠 { $debt } 积分，之后获得的积分会先用来抵扣
receipt-note = { $points ->
    [0] 小票已收到，总部确认后积分到账
   *[other] 小票约 { $points } 积分，待总部确认后到账
}
unbooked-note = 已在这里使用 { $points } 积分，等待总部确认
pending-note = 另有 { $pending } 积分待生效，最早 { $date }
rule-note = 每消费 { $amount } 得 { $points } 积分
rule-note-multiplied = 每消费 { $amount } 得 { $points } 积分，{ $tier }再乘 { $multiplier }
time-yesterday = 昨天 { $time }
age-note-asking = 以下为 { $time } 的数据，正在与总部核对
age-note = 截至{ $time }

rewards-title = 可兑换好礼
rewards-note = 点选好礼，立即兑换
rewards-note-offline = 现可兑换，单次最多 { $points } 积分
rewards-note-offline-none = 网络不通，恢复后即可兑换
rewards-note-offline-ask = 网络不通，点选好礼即向本店其他自助机查询
rewards-none = 好礼正在上架，敬请期待
reach-here = 现可兑换
reach-later = 联网后可兑
reach-ask = 可代为查询
reach-short = 还差 { $short }
reach-tier = { $tier }专享
reach-gone = 已兑完
voucher-waiting = { $reward } 待领取 · { $code }
voucher-unbooked = { $reward } 待领取 · { $code } · 总部确认中

end = 结束
confirm-title = 兑换「{ $reward }」？
confirm-subtitle = 确认后立即扣除积分
confirm-before = 当前积分
confirm-spend = 本次使用
confirm-rest = 兑换后剩余
confirm = 确认兑换
cancel = 取消
redeeming = 正在兑换，请稍候…
redeeming-elsewhere = 正在查询本店其他自助机…

voucher-title = 兑换成功
voucher-title-again = 兑换凭证
voucher-title-rejected = 需要店员处理
voucher-summary = { $reward } · 已使用 { $points } 积分
voucher-summary-again = { $reward } · { $time } 兑换
voucher-hint = 凭此码到柜台领取
voucher-hint-rejected = 请带着此码到柜台，店员会为您处理
standing-provisional = 总部确认中
standing-confirmed = 总部已确认
standing-rejected = 总部未通过
done = 完成
more = 继续看看

refusal-title = 没有办成
refusal-title-offline = 网络不通
refusal-title-card = 请再试一次
dismiss = 知道了

notice-title = 关于您之前的操作
notice-reward = 您 { $time } 在这里兑换的「{ $reward }」总部没能入账，也没有扣除积分。如果还没有领到，请到柜台，店员会为您处理。
notice-points = 您 { $time } 在这里用 { $points } 积分兑换的好礼总部没能入账，也没有扣除积分。如果还没有领到，请到柜台，店员会为您处理。
notice-receipt = 您{ $time }在这里扫描的小票未能计入，可能之前已经计过。如果没有，请携小票到柜台。
notice-general = 您 { $time } 在这里的操作总部没能入账，也没有扣除任何东西。请到柜台，店员也能查到这条记录。

banner-offline = 网络暂时不通：可以查询，标有「现可兑换」的好礼仍可兑换
banner-storage = 店员请注意：本机存储已用 { $percent }%，请尽快恢复网络，或联系总部。
banner-waiting = 店员请注意：本机启用了新的流水，请联系总部予以确认。
banner-forked = 店员请注意：本机流水与总部记录不一致，请联系总部。
banner-revoked = 店员请注意：总部已停用本机，请联系总部。
countdown = { $seconds } 秒后自动退出
still-there = 您还在吗？
stay = 继续
