# 外部登录服务与控制台之间的页面。

outside-title = 登录
outside-onwards = 您已登录。
outside-console = 进入控制台
outside-again = 重新登录
