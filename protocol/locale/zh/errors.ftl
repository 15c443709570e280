# 每个错误码一句话：先说发生了什么，再说可以怎么做。
# 错误码里的点写作短横线，例如 card.torn 写作 card-torn。

card-torn = 卡片移开得太快，请平放在感应区，多停留一会儿。
card-unsupported = 这不是会员卡，请换用会员卡再试。
card-unknown = 这张卡还没有登记，请到柜台登记。
card-unknown_offline = 网络暂时不通，这张卡还没有在本机用过，请稍后再试或到柜台办理。
card-invalid = 这张卡没有通过验证，请到柜台换卡。
card-replayed = 这张卡的验证码已经用过，请移开后重新轻触。
card-blocked = 这张卡已停用，请到柜台处理。
card-taken = 这张卡已经绑定了会员。

member-unknown = 没有找到这位会员。
member-blocked = 会员账户已停用，请到柜台处理。
member-phone_taken = 这个手机号已经登记过。
birthday-invalid = 生日填的是将来的日期，请检查后重新输入。
phone-invalid = 手机号格式不对，请检查后重新输入。
visit-expired = 停留时间已到，请重新轻触会员卡。
points-short = 还差 { $short } 积分，再多来几次就可以兑换了。
reward-unknown = 这件好礼已下架，请选择其他好礼。
reward-gone = 这件好礼已经兑完，请选择其他好礼。
reward-tier = 这件好礼为更高等级会员专享。
reward-price_changed = 这件好礼现在需要 { $points } 积分，请确认后再兑换。
redeem-static_card = 这张卡可以查询和累计积分；兑换请到柜台换领新卡。
redeem-offline = 网络暂时不通，现在不能兑换，积分没有变动，请稍后再试。
redeem-unverified = 总部还没有核对这张卡，请稍候，或再轻触一次会员卡。
redeem-no_answer = 没有等到总部的答复，积分会自动退回，请稍后再试。
tier-unknown = 没有这个会员等级。
lease-unknown = 没有这笔离线额度。
lease-different = 与预留积分时的内容不一致，请到柜台办理。
lease-overspent = 兑换数额超过了离线额度。
lease-closed = 这笔离线额度已经结清。
purchase-known = 这张小票已经记过积分，内容与上次不同。
purchase-not_here = 本店的自助终端不能记录消费。
amount-invalid = 金额不正确，请检查后再提交。
currency-unknown = 不支持这种货币。
store-unknown = 没有这家门店。
voucher-unknown = 没有找到这张兑换凭证。
voucher-handed_out = 这张兑换凭证已经领取过。

store-read_only = 本机暂时不能保存记录，请到柜台办理。
store-full = 本机存储空间已满，请到柜台办理。
reader-missing = 读卡器没有连接，请联系店员。
kiosk-unknown = 这台终端没有登记。
kiosk-revoked = 这台终端已被停用。
hub-unreachable = 暂时连不上总部，请稍后再试。

message-undecodable = 收到的消息读不懂。
message-too_large = 消息超过了允许的大小。
kind-unknown = 不认识这种消息，升级后会再处理。
shard-foreign = 消息走错了分片。
signature-invalid = 消息的签名不对。
chain-broken = 消息与之前的记录接不上。
chain-forked = 本机的记录与总部不一致，请联系总部。
epoch-unknown = 本机的记录本还没有得到总部确认，请到柜台办理。
event-conflict = 同一编号的记录内容不同。
event-failed = 这条记录处理失败，已保存，等待检查。
document-unknown = 没有这份资料。

request-invalid = 请求的内容不正确，请检查标出的字段。
request-id_missing = 请在 Idempotency-Key 标头里给出请求编号。
request-conflict = 同一请求编号已用于不同的内容。
request-failed = 服务器处理失败，请用同一请求编号重试。
request-overloaded = 服务器繁忙，请稍候用同一请求编号重试。
key-missing = 请求里没有 API 密钥。
key-unknown = API 密钥不正确。
key-revoked = API 密钥已停用。
permission-denied = 没有执行这项操作的权限。
store-out_of_scope = 这项操作不属于您负责的门店。
path-unknown = 没有这个地址。
