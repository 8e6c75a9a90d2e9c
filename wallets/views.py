from django.http import HttpResponse

def statement(request): return HttpResponse()
def statement_csv(request): return HttpResponse()
