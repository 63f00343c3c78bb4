using System.Data.Common;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Hosting;
using XLLM.Grains.Interfaces.Client;
using XLLM.Grains.Interfaces.Connections;

namespace XLLM.Grains.Interfaces.Tests.Client;

public sealed class AddXllmClientTests
{
    [Fact]
    public void AddXllmClient_JoinsTheCluster_OfItsOptions()
    {
        #region Sample: a business service
        var builder = Host.CreateApplicationBuilder();
        builder.AddXllmClient(options => options.Gateways.Add("127.0.0.1:30000")).UseFunctionInvocation();
        using var host = builder.Build();
        #endregion

        Assert.Equal(("xllm", "xllm"), (Cluster(host).ClusterId, Cluster(host).ServiceId));
        Assert.Equal(["gwy.tcp://127.0.0.1:30000/0"], host.Services.GetRequiredService<IOptions<StaticGatewayListProviderOptions>>().Value.Gateways.Select(gateway => gateway.ToString()));
        var client = host.Services.GetRequiredService<IChatClient>();
        Assert.IsType<FunctionInvokingChatClient>(client);
        Assert.Same(host.Services.GetRequiredService<IInferenceClient>(), client.GetService<IInferenceClient>());
    }

    [Fact]
    public void AddXllmClient_ReadsItsSection_AndCodeWins()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Xllm:Client:ClusterId"] = "blue", ["Xllm:Client:ServiceId"] = "shop", ["Xllm:Client:Gateways:0"] = "10.0.0.1:30001", ["Xllm:Client:DefaultModel"] = "small",
        });
        builder.AddXllmClient(options => options.DefaultModel = "large");
        using var host = builder.Build();

        Assert.Equal(("blue", "shop"), (Cluster(host).ClusterId, Cluster(host).ServiceId));
        Assert.Equal(["gwy.tcp://10.0.0.1:30001/0"], host.Services.GetRequiredService<IOptions<StaticGatewayListProviderOptions>>().Value.Gateways.Select(gateway => gateway.ToString()));
        Assert.Equal("large", host.Services.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);
    }

    [Fact]
    public void AddXllmClient_LeavesTheClusterAlone_WhereTheHostJoinsOneAlready()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.UseOrleansClient(client => client.UseLocalhostClustering(serviceId: "mine", clusterId: "mine"));
        builder.AddXllmClient();
        using var host = builder.Build();

        Assert.Equal("mine", Cluster(host).ClusterId);
        Assert.NotNull(host.Services.GetRequiredService<IChatClient>());
    }

    [Fact]
    public void AddXllmClient_TellsAllFaults()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Host.CreateApplicationBuilder().AddXllmClient(options =>
        {
            options.ClusterId = "";
            options.Gateways.Add("nowhere");
        }));

        Assert.Equal(["ClusterId must not be empty", "Gateways must be address:port, one is 'nowhere'"], exception.Failures);
    }

    [Fact]
    public void AddXllmClient_TellsWhatOfEncryptionAndGatewaysDoesNotFit()
    {
        var exception = Assert.Throws<OptionsValidationException>(() => Host.CreateApplicationBuilder().AddXllmClient(options =>
        {
            options.Gateways.Add("127.0.0.1:30000");
            options.GatewayDatabase = new NoDatabase();
            options.Tls.Key = "/none/key.pem";
        }));

        Assert.Equal(
            [
                "Gateways names 1, but GatewayDatabase is set too: one of them says where the silos are",
                "Xllm:Client:Tls:Key is /none/key.pem, which is no file",
                "Xllm:Client:Tls has a Key, but no Certificate",
            ],
            exception.Failures);
    }

    [Fact]
    public void AddXllmClient_SaysWhichCertificateCannotBeRead()
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("xllm-tls-").FullName, "cluster.pem");
        File.WriteAllText(file, "no certificate");

        var exception = Assert.Throws<TlsSettingsException>(() => Host.CreateApplicationBuilder().AddXllmClient(options => options.Tls.Certificate = file));
        var authority = Assert.Throws<TlsSettingsException>(() => Host.CreateApplicationBuilder().AddXllmClient(options => options.Tls.Authority = file));

        Assert.StartsWith($"Xllm:Client:Tls:Certificate {file} cannot be read: ", exception.Message, StringComparison.Ordinal);
        Assert.Equal($"Xllm:Client:Tls:Authority {file} has no certificate", authority.Message);
    }

    [Fact]
    public void AddXllmClient_LetsCodeChangeTheOrleansClient_AfterTheOptions()
    {
        var builder = Host.CreateApplicationBuilder();
        builder.AddXllmClient(configureClient: client => client.Configure<ClusterOptions>(cluster => cluster.ClusterId = "green"));
        using var host = builder.Build();

        Assert.Equal("green", Cluster(host).ClusterId);
    }

    [Fact]
    public void InferenceClientOptions_HaveARange()
    {
        var validator = new InferenceClientOptionsValidator();
        Assert.True(validator.Validate(null, new InferenceClientOptions()).Succeeded);
        Assert.Equal(
            "MaxStarts must be 1 to 16, it is 0; MaxStartsBeforeFirstToken must be 1 to 16, it is 17",
            validator.Validate(null, new InferenceClientOptions { MaxStarts = 0, MaxStartsBeforeFirstToken = 17 }).FailureMessage);
    }

    private sealed class NoDatabase : DbDataSource
    {
        public override string ConnectionString => "";

        protected override DbConnection CreateDbConnection() => throw new NotSupportedException();
    }

    private static ClusterOptions Cluster(IHost host) => host.Services.GetRequiredService<IOptions<ClusterOptions>>().Value;
}
