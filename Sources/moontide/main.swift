import Script
print("moontide")
