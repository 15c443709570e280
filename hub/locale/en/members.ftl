# Values of fields, as a kiosk shows them.

field-yes = Yes
field-no = No
