using XLLM.Gateway.Health;
using XLLM.Gateway.Hosting;
using XLLM.Silo.Hosting;

if (Verbs.Run(args) is { } exitCode)
{
    return exitCode;
}

try
{
    var builder = Platform.CreateBuilder(args);
    builder.Services.AddXllmGateway(builder.Configuration);
    var app = builder.Build();
    Platform.LoadModels(app);
    app.MapXllmGateway(Platform.ServesUsers(app));
    Platform.Map(app, HealthAnswer.WriteAsync);
    await Platform.RunAsync(app);
    return 0;
}
catch (Exception e) when (StartFault.OneLine(e) is { } line)
{
    Console.Error.WriteLine(line);
    return 1;
}
