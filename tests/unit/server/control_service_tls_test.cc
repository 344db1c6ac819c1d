// Identity by certificate: a real server and real clients on loopback.
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "dnsd/server/control_service.h"
#include "tests/unit/server/certificates.h"

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;
using namespace std::chrono_literals;

// A server that grants "web1" to the certificate web1.example and "web2" to a token.
class ControlServiceTls : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "tls_test." + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    HeartbeatConfig config;
    config.listen = Endpoint::Parse("127.0.0.1:0");
    config.tls.certificate = Write("cert.pem", server_.Pem());
    config.tls.key = Write("key.pem", server_.KeyPem());
    config.tls.client_ca = Write("ca.pem", ca_.Pem());
    config.grants = {Grant("", "web1.example", "web1")};
    if (with_tokens_) config.grants.push_back(Grant("0123456789abcdef", "", "web2"));
    service_ = std::make_unique<ControlService>(config, inbox_);
    const absl::Status started = service_->Start();
    ASSERT_TRUE(started.ok()) << started;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  // How a stream ends that says Hello for `node`; OK: the Hello was taken in.
  grpc::Status Say(const std::string& node, const TestCertificate* own, const std::string& token) {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_.Pem();
    if (own != nullptr) {
      options.pem_cert_chain = own->Pem();
      options.pem_private_key = own->KeyPem();
    }
    grpc::ChannelArguments arguments;
    arguments.SetSslTargetNameOverride("dnsd.example");
    const auto stub = v1::HeartbeatService::NewStub(grpc::CreateCustomChannel(
        service_->bound().ToString(), grpc::SslCredentials(options), arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 20s);
    const auto stream = stub->Report(&context);
    v1::ReporterMessage message;
    message.mutable_hello()->set_node(node);
    message.mutable_hello()->set_token(token);
    message.mutable_hello()->set_interval_ms(1000);
    stream->Write(message);
    stream->WritesDone();
    while (stream->Read(&answer_)) {
    }
    return stream->Finish();
  }

  static ReporterGrant Grant(const std::string& token, const std::string& certificate,
                             const std::string& node) {
    return {.token = token,
            .certificate_name = certificate,
            .nodes = {node},
            .addresses = {},
            .sites = {},
            .origin = "test"};
  }
  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
    return folder_ + "/" + name;
  }

  const TestCertificate ca_{"Test CA"};
  const TestCertificate server_{"dnsd.example", &ca_};
  const TestCertificate web1_{"web1.example", &ca_};
  const TestCertificate web3_{"web3.example", &ca_};
  const TestCertificate stranger_{"web1.example"};  // signed by itself
  bool with_tokens_ = false;
  std::string folder_;
  fleet::Inbox inbox_{[] {}};
  std::unique_ptr<ControlService> service_;
  v1::DnsdMessage answer_;
};

TEST_F(ControlServiceTls, ACertificateSpeaksForWhatItIsGranted) {
  EXPECT_TRUE(Say("web1", &web1_, "").ok());
  const auto events = inbox_.Drain();
  ASSERT_FALSE(events.empty());
  EXPECT_EQ(std::get<fleet::Hello>(events[0].what).node, "web1");
  EXPECT_EQ(Say("web2", &web1_, "").error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ControlServiceTls, ACertificateThatIsGrantedNothingIsRefused) {
  const grpc::Status status = Say("web1", &web3_, "");
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(status.error_message(), "no reporter here has a certificate for 'web3.example'");
}

TEST_F(ControlServiceTls, NoStreamOpensWithoutACertificateOfOurs) {
  EXPECT_EQ(Say("web1", nullptr, "").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Say("web1", &stranger_, "").error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_TRUE(inbox_.Drain().empty());
}

class ControlServiceTlsAndTokens : public ControlServiceTls {
 protected:
  ControlServiceTlsAndTokens() { with_tokens_ = true; }
};

TEST_F(ControlServiceTlsAndTokens, ATokenDoesWithoutACertificate) {
  EXPECT_TRUE(Say("web2", nullptr, "0123456789abcdef").ok());
  EXPECT_TRUE(Say("web1", &web1_, "").ok());
  EXPECT_EQ(Say("web1", nullptr, "").error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Say("web1", nullptr, "0123456789abcdef").error_code(),
            grpc::StatusCode::PERMISSION_DENIED);
}

}  // namespace
}  // namespace dnsd::server
